import { type CloudEvent, decodeHttp } from '@slipway/contract';
import type { Answers } from './answers.ts';

const ANSWER_MS = 10_000;
const RETRY_MS = 200;
const TRIES_MAX = 50;
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

/** Where a subscription delivers to. */
export class PushTarget {
  readonly #sink: string;
  readonly #answers: Answers;
  readonly #undelivered = new Set<CloudEvent>();
  readonly #delivered = new Set<string>();
  #isOver = false;

  constructor(sink: string, answers: Answers) {
    this.#sink = sink;
    this.#answers = answers;
  }

  /** Returns what was not delivered. */
  close(): CloudEvent[] {
    this.#isOver = true;
    return [...this.#undelivered];
  }

  /** Attempts that the service has taken and not finished. */
  unfinished(): string[] {
    return [...this.#delivered].filter((id) => this.#answers.finished(id).length === 0);
  }

  deliver(event: CloudEvent): void {
    void this.#deliver(event);
  }

  /** Whether the service refused what is no event. */
  async deliverGarbage(): Promise<boolean> {
    const status = await this.#post('[{"id": ');
    return status !== undefined && status >= 400 && status < 500;
  }

  async #deliver(event: CloudEvent): Promise<void> {
    this.#undelivered.add(event);
    for (let tries = 0; tries < TRIES_MAX && !this.#isOver; tries++) {
      const status = await this.#post(JSON.stringify(event));
      if (status !== undefined && status < 500 && !AGAIN.has(status)) {
        this.#undelivered.delete(event);
        if (status < 300) this.#delivered.add(event.id);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #post(body: string): Promise<number | undefined> {
    const headers = { 'content-type': 'application/cloudevents+json' };
    try {
      const response = await fetch(this.#sink, {
        ...{ method: 'POST', headers, body, redirect: 'manual' },
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      if (response.status === 200 && bytes.length > 0) this.#read(response.headers, bytes);
      return response.status;
    } catch {
      return undefined;
    }
  }

  /** A response whose body is an event is an answer. */
  #read(headers: Headers, body: Buffer): void {
    const decoded = decodeHttp({ headers: Object.fromEntries(headers), body });
    if (!decoded.ok) this.#answers.refuse(`in a response: ${decoded.problem.detail}`);
    else for (const event of decoded.events) this.#answers.add(event, 'response');
  }
}
