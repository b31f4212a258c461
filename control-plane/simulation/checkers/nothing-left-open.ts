import type { Checker, End, Scene } from './checker.ts';

const SHOWN_MAX = 3;

/** When the faults have stopped every run ends, everything it told is told, and nothing is kept for it that nobody needs. */
export class NothingLeftOpen implements Checker {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  atEnd({ timedOut, looksAtMemory }: End): void {
    const { database, planes } = this.#scene;
    const open = [...database.streams.values()].filter(
      (stream) => stream.summary && stream.summary.state !== 'finished',
    );
    if (open.length > 0) {
      const shown: string[] = [];
      for (const { id, summary } of open.slice(0, SHOWN_MAX))
        shown.push(`${id} ${summary?.state} ${summary?.stage}.${summary?.sequence} ${summary?.openTasks.join(',')}`);
      this.#fail(`${open.length} of ${database.streams.size} runs are still open: ${shown.join('; ')}`);
      return;
    }
    const unsettled = [...database.streams.values()].filter((stream) => stream.open).map((stream) => stream.id);
    if (unsettled.length > 0) this.#fail(`still to be told: ${unsettled.slice(0, SHOWN_MAX).join(', ')}`);
    else if (database.timerCount > 0) {
      const timer = database.timers()[0];
      this.#fail(`${database.timerCount} timers are left, such as ${timer?.stream} ${timer?.name}`);
    } else if (timedOut) this.#fail('something is still going on, though every run has ended');
    if (!looksAtMemory) return;
    for (const plane of planes()) {
      const counters = plane.counters();
      for (const name of ['backlog', 'leases', 'offers', 'publishes_waiting'])
        if (counters[name] !== 0) this.#fail(`a replica still has ${counters[name]} ${name}`);
    }
  }

  #fail(what: string): void {
    this.#scene.fail('nothing-left-open', what);
  }
}
