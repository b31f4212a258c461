import type { Timeline } from './timeline.ts';

/**
 * One life of a process. When it ends, nothing that it has set going ever comes back to it: no timer, no answer, no
 * promise. While it is frozen (a long collection, a paused machine), all of that waits.
 */
export class Life {
  readonly #timeline: Timeline;
  #alive = true;
  #frozenUntil = 0;
  readonly #onEnd: (() => void)[] = [];

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get alive(): boolean {
    return this.#alive;
  }

  later(ms: number, run: () => void): () => void {
    const moment = this.#timeline.after(ms, () => this.#enter(run));
    return () => {
      moment.run = undefined;
    };
  }

  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#timeline.now + ms);
  }

  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const tell of this.#onEnd) tell();
  }

  /** Calls back when the process dies: its connections break. */
  onEnd(tell: () => void): void {
    this.#onEnd.push(tell);
  }

  #enter(run: () => void): void {
    if (!this.#alive) return;
    const wait = this.#frozenUntil - this.#timeline.now;
    if (wait > 0) this.#timeline.after(wait, () => this.#enter(run));
    else run();
  }
}
