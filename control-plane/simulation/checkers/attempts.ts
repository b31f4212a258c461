import { parseAttemptId } from '@slipway/contract';
import type { BusMessage } from '../../src/bus/bus.ts';
import type { CommitItem } from '../../src/store/store.ts';
import { baseIdOf } from '../world/broker.ts';
import type { Checker, Scene } from './checker.ts';

/**
 * one-run-per-trigger: however often a trigger is sent, it starts one run. one-trigger-per-attempt: an event of the control plane is decided once, and however often it is published, it is the same to
 * the byte. task-runs-once-past-finish: attempts of a task follow each other, and none is triggered when a later task has
 * been, or when the run has ended.
 */
export class Attempts implements Checker {
  readonly #scene: Scene;
  readonly #jsonOf = new Map<string, string>();
  readonly #passed = new Map<string, Set<string>>();
  readonly #latest = new Map<string, { task: string; attempt: number }>();
  readonly #ended = new Set<string>();
  readonly #triggers = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    const trigger = item.seq === 1 ? item.rows.find((row) => row.direction === 'in') : undefined;
    if (trigger) {
      const key = `${trigger.source} ${trigger.id}`;
      if (this.#triggers.has(key)) this.#scene.fail('one-run-per-trigger', `${key} has started a second run`);
      this.#triggers.add(key);
    }
    item.rows.forEach((row, index) => {
      if (row.direction !== 'out') return;
      if (this.#jsonOf.has(row.id)) this.#scene.fail('one-trigger-per-attempt', `${row.id} is decided a second time`);
      this.#jsonOf.set(row.id, item.events[index] ?? '');
      if (row.id === `${item.stream}.finished`) this.#ended.add(item.stream);
      const parts = row.type.split('.');
      if (parts.length === 2 && parts[1] === 'triggered') this.#triggered(item, row.id);
    });
  }

  #triggered(item: CommitItem, id: string): void {
    const at = parseAttemptId(id);
    if (!at) return;
    // The tasks of a graph run beside each other: only the attempts of each follow one another.
    const run = this.#isGraph(item) ? `${item.stream} ${at.task}` : item.stream;
    const fail = (what: string): void => this.#scene.fail('task-runs-once-past-finish', `${id} ${what}`);
    const latest = this.#latest.get(run);
    if (this.#ended.has(item.stream)) fail('is triggered after the end of its run');
    let passed = this.#passed.get(run);
    if (!passed) {
      passed = new Set();
      this.#passed.set(run, passed);
    }
    if (passed.has(at.task)) fail('is triggered after its task has finished');
    if (latest && latest.task !== at.task) passed.add(latest.task);
    const before = latest?.task === at.task ? latest.attempt : 0;
    if (at.attempt !== before + 1) fail(`follows attempt ${before}`);
    this.#latest.set(run, at);
  }

  #isGraph({ summary }: CommitItem): boolean {
    const stage = this.#scene.plan.stages.find((one) => one.name === summary?.stage);
    return stage?.sequences.some((one) => one.name === summary?.sequence && one.edges !== undefined) === true;
  }

  onPublish(message: BusMessage): void {
    const id = baseIdOf(message);
    const decided = this.#jsonOf.get(id);
    if (decided === undefined) this.#scene.fail('one-trigger-per-attempt', `${id} is published before it is durable`);
    else if (decided !== message.json)
      this.#scene.fail(
        'one-trigger-per-attempt',
        `${id} is published as ${message.json} and was decided as ${decided}`,
      );
  }
}
