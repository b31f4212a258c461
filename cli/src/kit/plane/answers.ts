import type { CloudEvent } from '@slipway/contract';
import { parseEventType } from '@slipway/contract';
import type { Received } from '../received.ts';

/** Everything that the service has sent, in order. */
export class Answers {
  readonly all: Received[] = [];
  /** What was no event, and why. */
  readonly invalid: string[] = [];
  readonly #waiters = new Set<() => void>();

  add(event: CloudEvent, via: Received['via']): void {
    this.all.push({ event, via, at: performance.now() });
    this.changed();
  }

  refuse(why: string): void {
    this.invalid.push(why);
    this.changed();
  }

  changed(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  to(attemptId: string, phase?: string): Received[] {
    return this.all.filter(({ event }) => {
      if (attemptOf(event) !== attemptId) return false;
      const kind = parseEventType(event.type);
      return phase === undefined || (kind?.of === 'task' && kind.phase === phase);
    });
  }

  finished(attemptId: string): Received[] {
    return this.to(attemptId, 'finished');
  }

  /** Whether this came to hold within so many ms. */
  async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiters.delete(wake);
          resolve();
        };
        // A look now and then: not everything that a case waits for is an answer.
        const timer = setTimeout(wake, Math.min(left, LOOK_MS));
        this.#waiters.add(wake);
      });
    }
    return true;
  }
}

const LOOK_MS = 50;

export function attemptOf(event: CloudEvent): string {
  return String(event.causationid ?? event.triggeredid ?? '');
}
