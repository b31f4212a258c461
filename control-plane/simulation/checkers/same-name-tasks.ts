import { parseAttemptId } from '@slipway/contract';
import type { CommitItem } from '../../src/store/store.ts';
import type { Checker, Scene } from './checker.ts';

/** A run that has passed has triggered every task of its sequence, in order, also where several have the same name. */
export class SameNameTasks implements Checker {
  readonly #scene: Scene;
  readonly #triggered = new Map<string, string[]>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    if (item.stream.startsWith('group:')) return;
    const triggered = this.#triggered.get(item.stream) ?? [];
    this.#triggered.set(item.stream, triggered);
    for (const row of item.rows) {
      if (row.direction !== 'out' || !/^[^.]+\.triggered$/.test(row.type)) continue;
      const at = parseAttemptId(row.id);
      if (at?.attempt === 1) triggered.push(at.task);
    }
    const { summary } = item;
    if (summary?.state !== 'finished' || summary.result === 'fail' || summary.status === 'aborted') return;
    const stage = this.#scene.plan.stages.find((one) => one.name === summary.stage);
    const sequence = stage?.sequences.find((one) => one.name === summary.sequence);
    // In a graph some are skipped.
    if (sequence?.edges !== undefined) return;
    const tasks = sequence?.tasks.map((task) => task.key) ?? [];
    if (tasks.join() !== triggered.join())
      this.#scene.fail('same-name-tasks', `${item.stream} passed after ${triggered.join()}, and has ${tasks.join()}`);
  }
}
