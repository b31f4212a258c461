import type { Env, Run } from '../../src/engine/index.ts';
import { indexPlan, transition } from '../../src/engine/index.ts';
import { summarize } from '../../src/projection/index.ts';
import { decodeRunEntry } from '../../src/runtime/entry.ts';
import { createEvaluator } from '../../src/shipyard/index.ts';
import type { CommitItem } from '../../src/store/store.ts';
import type { Checker, Scene } from './checker.ts';

const evaluator = createEvaluator();

/**
 * Each entry is exactly what its inputs make of the entries before it: seq after seq, the same events to the byte, the
 * same timers. An entry that was decided on a state that was not the latest shows here.
 */
export class JournalFolds implements Checker {
  readonly #scene: Scene;
  readonly #envOf: (stage: string, sequence: string) => Env;
  readonly #runs = new Map<string, Run>();
  readonly #seqs = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#envOf = indexPlan(scene.plan, evaluator);
  }

  runs(): ReadonlyMap<string, Run> {
    return this.#runs;
  }

  onCommit(item: CommitItem): void {
    const seq = (this.#seqs.get(item.stream) ?? 0) + 1;
    this.#seqs.set(item.stream, item.seq);
    if (item.seq !== seq) this.#fail(item, `seq ${item.seq} comes after seq ${seq - 1}`);
    if (item.stream.startsWith('group:')) return;
    let run = this.#runs.get(item.stream);
    const sent: string[] = [];
    const timers: string[] = [];
    let env: Env | undefined;
    for (const input of decodeRunEntry(item)) {
      if (!run && input.kind !== 'trigger') {
        this.#fail(item, `begins with ${input.kind}`);
        return;
      }
      const at = run ?? input;
      env ??= 'stage' in at ? this.#envOf(at.stage, at.sequence) : undefined;
      if (!env) return;
      const step = transition(run, input, env);
      if (step.run === run && step.outcome.kind !== 'applied') this.#fail(item, `${input.kind} changes nothing here`);
      run = step.run;
      for (const effect of step.effects) {
        if (effect.kind === 'publish' && !effect.again) sent.push(effect.event.json);
        else if (effect.kind === 'schedule') timers.push(`${effect.name} ${effect.dueAt}`);
        else if (effect.kind === 'unschedule' && timers.includes(`${effect.name} ${effect.dueAt}`))
          timers.splice(timers.indexOf(`${effect.name} ${effect.dueAt}`), 1);
      }
    }
    if (!run) return;
    this.#runs.set(item.stream, run);
    const stored = item.events.filter((_json, index) => item.rows[index]?.direction === 'out');
    if (stored.join('\n') !== sent.join('\n'))
      this.#fail(item, `holds other events than its inputs cause:\n${stored.join('\n')}\nand not\n${sent.join('\n')}`);
    const put = item.timersPut.map((timer) => `${timer.name} ${timer.dueAt}`);
    if (put.join('\n') !== timers.join('\n'))
      this.#fail(item, `puts timers ${put.join(', ')} and not ${timers.join(', ')}`);
    const summary = summarize(run, env?.sequence, item.at);
    if (JSON.stringify(summary) !== JSON.stringify(item.summary))
      this.#fail(item, `shows ${JSON.stringify(item.summary)} and not ${JSON.stringify(summary)}`);
  }

  #fail(item: CommitItem, what: string): void {
    this.#scene.fail('journal-folds', `${item.stream}/${item.seq} ${what}`);
  }
}
