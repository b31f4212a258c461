import { decodeRunEntry } from '../../src/runtime/entry.ts';
import type { CommitItem } from '../../src/store/store.ts';
import type { Checker, Scene } from './checker.ts';

/**
 * timers-never-early: no timer is taken before its time, by true time and all that the clocks may differ.
 * pause-leaks-nothing: while a run is paused nothing of it is triggered.
 */
export class Timing implements Checker {
  readonly #scene: Scene;
  readonly #paused = new Set<string>();
  /** True time before which a timer must not fire. */
  readonly #notBefore = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    if (item.stream.startsWith('group:')) return;
    const { timeline, skewMaxMs } = this.#scene;
    let mayTrigger = !this.#paused.has(item.stream);
    for (const input of decodeRunEntry(item)) {
      if (input.kind === 'command' && input.command === 'pause') this.#paused.add(item.stream);
      if (input.kind === 'command' && input.command === 'resume') {
        this.#paused.delete(item.stream);
        mayTrigger = true;
      }
      if (input.kind !== 'timer') continue;
      const due = this.#notBefore.get(`${item.stream} ${input.name} ${input.dueAt}`);
      if (input.at < input.dueAt) this.#early(item, input.name, input.dueAt - input.at);
      if (due !== undefined && timeline.now < due) this.#early(item, input.name, due - timeline.now);
    }
    for (const timer of item.timersPut)
      this.#notBefore.set(`${item.stream} ${timer.name} ${timer.dueAt}`, timer.dueAt - skewMaxMs);
    const triggers = item.rows.find((row) => row.direction === 'out' && /^[^.]+\.triggered$/.test(row.type));
    if (!mayTrigger && triggers)
      this.#scene.fail('pause-leaks-nothing', `${triggers.id} is triggered while its run is paused`);
  }

  #early(item: CommitItem, name: string, byMs: number): void {
    this.#scene.fail('timers-never-early', `${item.stream}/${item.seq} takes ${name} ${byMs.toFixed(1)} ms too early`);
  }
}
