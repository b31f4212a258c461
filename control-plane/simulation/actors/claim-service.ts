import type { Accepted, CloudEvent } from '@slipway/contract';
import { Refusal } from '../../src/runtime/control-plane.ts';
import type { Door } from '../world/door.ts';
import type { Faults } from '../world/faults.ts';
import { Life } from '../world/life.ts';
import type { Random } from '../world/random.ts';
import type { Timeline } from '../world/timeline.ts';
import type { Asked, Fate } from './answering.ts';
import { answerEvent, drawFate, readAsked } from './answering.ts';

export type Submit = (client: Life, event: CloudEvent) => Promise<Accepted>;

const AGAIN_MS = 500;

/** A task service that claims over HTTP: a claim is `started`, with a lease that signs of life renew. */
export class ClaimService {
  readonly source: string;
  readonly task: string;
  faults: Faults['service'];
  readonly #options: { door: Door; timeline: Timeline; random: Random; submit: Submit };
  readonly #leaseMs: number | undefined;
  readonly #max: number;
  #nonce = 0;

  constructor(
    source: string,
    task: string,
    faults: Faults['service'],
    options: { door: Door; timeline: Timeline; random: Random; submit: Submit },
  ) {
    this.source = source;
    this.task = task;
    this.faults = faults;
    this.#options = options;
    const { random } = options;
    this.#leaseMs = random.chance(0.5) ? random.between(5, 30) * 1000 : undefined;
    this.#max = random.between(1, 4);
    this.#live();
  }

  #live(): void {
    void this.#claim(new Life(this.#options.timeline));
  }

  async #claim(life: Life): Promise<void> {
    const { door, random } = this.#options;
    const options = { waitMs: 25_000, max: this.#max, leaseMs: this.#leaseMs };
    while (life.alive) {
      try {
        const taken = await door.call(life, (plane) => plane.claim(this.task, { source: this.source }, options));
        for (const json of taken) this.#take(life, json);
        if (taken.length === 0) await wait(life, 10);
      } catch {
        await wait(life, AGAIN_MS + random.next() * AGAIN_MS);
      }
    }
  }

  #die(life: Life): void {
    if (!life.alive) return;
    life.end();
    this.#options.timeline.after(200 + this.#options.random.next() * 4000, () => this.#live());
  }

  #take(life: Life, json: string): void {
    const { random } = this.#options;
    const asked = readAsked(json);
    if (!asked) return;
    const fate = drawFate(random, this.faults, asked, false);
    if (fate.never) return;
    this.#signs(life, asked, fate);
    if (fate.dies) {
      life.later(random.next() * fate.workMs, () => this.#die(life));
      return;
    }
    life.later(fate.workMs, () => void this.#answer(life, asked, fate));
  }

  #signs(life: Life, asked: Asked, fate: Fate): void {
    const everyMs = Math.min(2000, (this.#leaseMs ?? 60_000) / 3);
    const times = Math.floor(fate.workMs / everyMs);
    const sign = (left: number): void => {
      if (left <= 0) return;
      life.later(everyMs, () => {
        const event = answerEvent(asked, 'status.changed', this.source, String(this.#nonce++), { fraction: 0.5 });
        this.#options.submit(life, event).catch(() => undefined);
        sign(left - 1);
      });
    };
    sign(times);
  }

  async #answer(life: Life, asked: Asked, fate: Fate): Promise<void> {
    const event = answerEvent(asked, 'finished', this.source, String(this.#nonce++), fate.result(0));
    await this.#send(life, event);
    if (fate.answersTwice) {
      await this.#send(life, answerEvent(asked, 'finished', this.source, String(this.#nonce++), fate.result(1)));
    }
    if (fate.diesAfterAnswer) this.#die(life);
  }

  /** Until somebody has said yes or no. */
  async #send(life: Life, event: CloudEvent): Promise<void> {
    for (;;) {
      try {
        await this.#options.submit(life, event);
        return;
      } catch (error) {
        if (error instanceof Refusal && !mayTryAgain(error)) return;
        await wait(life, AGAIN_MS);
      }
    }
  }
}

/** Whether the same request may be taken in a moment. */
export function mayTryAgain({ code }: Refusal): boolean {
  return code === 'overloaded' || code === 'draining' || code === 'bus-unavailable' || code === 'store-unavailable';
}

export function wait(life: Life, ms: number): Promise<void> {
  return new Promise((resolve) => life.later(ms, resolve));
}
