import type { RunCommand } from '@slipway/contract';
import { Refusal } from '../../src/runtime/control-plane.ts';
import type { Door } from '../world/door.ts';
import { Life } from '../world/life.ts';
import type { Random } from '../world/random.ts';
import type { Timeline } from '../world/timeline.ts';
import { wait } from './claim-service.ts';

const TRIES_MAX = 5;

/** A person who pauses, resumes and aborts runs, and who in the end resumes whatever is still paused. */
export class Operator {
  readonly #options: { timeline: Timeline; random: Random; door: Door; runs: () => string[]; paused: () => string[] };
  readonly #life: Life;
  busy = 0;

  constructor(options: {
    timeline: Timeline;
    random: Random;
    door: Door;
    runs: () => string[];
    paused: () => string[];
  }) {
    this.#options = options;
    this.#life = new Life(options.timeline);
  }

  /** Does something to some run at that time. */
  meddle(atMs: number): void {
    const { random, runs } = this.#options;
    this.#life.later(atMs, () => {
      const all = runs();
      if (all.length === 0) return;
      const run = random.pick(all);
      const command = random.weighted({ pause: 45, resume: 35, abort: 20 });
      void this.#command(run, command, TRIES_MAX);
      if (command === 'pause' && random.chance(0.7))
        this.#life.later(random.next() * 15_000, () => void this.#command(run, 'resume', TRIES_MAX));
    });
  }

  resumeAll(): void {
    for (const run of this.#options.paused()) void this.#command(run, 'resume', 1);
  }

  async #command(run: string, command: RunCommand, tries: number): Promise<void> {
    this.busy++;
    for (let left = tries; left > 0; left--) {
      try {
        await this.#options.door.call(this.#life, (plane) => plane.command(run, command, { by: 'tester' }));
        break;
      } catch (error) {
        if (error instanceof Refusal) break;
        await wait(this.#life, 500);
      }
    }
    this.busy--;
  }
}
