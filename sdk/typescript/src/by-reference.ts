import type { CloudEvent } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import { backoffMs } from './backoff.ts';
import { ServerUnreachable } from './errors.ts';
import type { HttpDoor } from './http/door.ts';
import { parseJson, problemOf } from './http/problem.ts';
import { errorText, type Logger } from './log.ts';
import type { Answer } from './trigger.ts';
import type { Channel } from './worker.ts';

const PREFIX = '/v1/data/';
/** The control plane takes no larger event; some room is left for what else is in it. */
export const EVENT_CHARS_MAX = 1_000_000;
const TIMEOUT_MS = 60_000;
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429]);
const KEPT = ['project', 'stage', 'service', 'status', 'result'] as const;

/** Whether the data of an event are with the control plane and not in it. */
export function isReference(event: CloudEvent): boolean {
  return typeof event.dataref === 'string' && event.dataref.startsWith(PREFIX);
}

/** The event with its data in place. Throws SlipwayProblem or ServerUnreachable. */
export async function fetchData(door: HttpDoor, event: CloudEvent): Promise<CloudEvent> {
  const { dataref, ...rest } = event;
  const answer = await door.exchange({ method: 'GET', path: String(dataref), timeoutMs: TIMEOUT_MS });
  if (answer.status !== 200) throw problemOf(answer, `data of ${event.id}`);
  return { ...rest, data: parseJson(answer.text) };
}

/** Brings data to the control plane. Answers the event that names them. Throws SlipwayProblem or ServerUnreachable. */
async function putData(door: HttpDoor, json: string): Promise<string> {
  const event = parseJson(json) as CloudEvent;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(event.data);
  const answer = await door.exchange({ method: 'POST', path: '/v1/data', headers, body, timeoutMs: TIMEOUT_MS });
  const put = parseJson(answer.text);
  if (answer.status !== 201 || !isObject(put)) throw problemOf(answer, `data of ${event.id}`);
  const kept: Record<string, unknown> = {};
  if (isObject(event.data)) for (const key of KEPT) if (event.data[key] !== undefined) kept[key] = event.data[key];
  return JSON.stringify({ ...event, dataref: put.dataref, data: kept });
}

interface ByReferenceOptions {
  channel: Channel;
  door: HttpDoor;
  log: Logger;
  charsMax: () => number;
  /** The control plane will never take these data. */
  onRefused: (answer: Answer, why: string) => void;
}

/** A channel that sends what is too large by reference: its data go to the control plane first. */
export class ByReference implements Channel {
  readonly #options: ByReferenceOptions;
  readonly #underWay = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: ByReferenceOptions) {
    this.#options = options;
  }

  send(answer: Answer): void {
    const { channel, charsMax } = this.#options;
    if (answer.json.length <= charsMax()) {
      channel.send(answer);
      return;
    }
    const sending = this.#bring(answer).finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }

  dropped(attemptId: string, reason: Error): void {
    this.#options.channel.dropped?.(attemptId, reason);
  }

  get waiting(): number {
    return this.#underWay.size;
  }

  /** Whether nothing is on its way to the control plane any more within so many ms. */
  async flush(withinMs: number): Promise<boolean> {
    if (this.#underWay.size === 0) return true;
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), withinMs).unref());
    return Promise.race([late, Promise.all(this.#underWay).then(() => true)]);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #bring(answer: Answer): Promise<void> {
    const { channel, door, log, onRefused } = this.#options;
    for (let failures = 0; !this.#stopped; failures++) {
      try {
        channel.send({ ...answer, json: await putData(door, answer.json) });
        return;
      } catch (error) {
        const wait = waitOf(error);
        if (wait === undefined) {
          onRefused(answer, errorText(error));
          return;
        }
        if (failures % 10 === 0)
          log.warn(
            { attempt: answer.attemptId, why: errorText(error) },
            'large data could not be delivered: trying again',
          );
        await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, wait)));
      }
    }
  }
}

/** How long to wait at least before the next try; undefined when none will help. */
function waitOf(error: unknown): number | undefined {
  if (error instanceof ServerUnreachable) return 0;
  const { status, problem } = error as { status?: number; problem?: { retryAfterMs?: number } };
  if (status === undefined) return undefined;
  return status >= 500 || TRANSIENT.has(status) ? (problem?.retryAfterMs ?? 0) : undefined;
}
