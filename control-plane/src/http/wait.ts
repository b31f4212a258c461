import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { refused } from './problem.ts';

type Wait = { caller: string; controller: AbortController };
type Waiter = { req: IncomingMessage; caller: string };

/** Connections that send requests without reading answers have a wait each; no client needs more listeners than these. */
const LISTENERS_MAX = 200;

/**
 * Requests that wait, for work or for the end of a run, shared between callers: when there is no room, a caller that has
 * fewer than another takes the place of that one's oldest wait, which ends as if its time were over.
 */
export class Waits {
  readonly #max: number;
  /** In the order in which they began. */
  readonly #byCaller = new Map<string, Set<Wait>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** A signal for as long as the client waits: it fires when the connection or the door closes, or another takes the place. */
  begin({ req, caller }: Waiter): Disposable & { signal: AbortSignal } {
    if (this.#size >= this.#max) this.#makeRoomFor(caller);
    const wait: Wait = { caller, controller: new AbortController() };
    const mine = this.#byCaller.get(caller) ?? new Set();
    this.#byCaller.set(caller, mine.add(wait));
    this.#size++;
    // The connection and not the response: one that is queued behind another never closes by itself.
    const { socket } = req;
    const abort = (): void => wait.controller.abort();
    listen(socket, abort);
    if (socket.destroyed) abort();
    return {
      signal: wait.controller.signal,
      [Symbol.dispose]: () => {
        socket.off('close', abort);
        this.#leave(wait);
      },
    };
  }

  endAll(): void {
    for (const waits of this.#byCaller.values()) for (const { controller } of waits) controller.abort();
  }

  #makeRoomFor(caller: string): void {
    const mine = this.#byCaller.get(caller)?.size ?? 0;
    let most: Set<Wait> | undefined;
    for (const waits of this.#byCaller.values()) if (waits.size > (most?.size ?? 0)) most = waits;
    const [oldest] = most ?? [];
    if (oldest === undefined || (most?.size ?? 0) <= mine + 1) {
      const detail = `${this.#size} requests wait here already, and ${caller} has ${mine} of them, its share: try again later`;
      throw refused('overloaded', detail);
    }
    this.#leave(oldest);
    oldest.controller.abort();
  }

  #leave(wait: Wait): void {
    const waits = this.#byCaller.get(wait.caller);
    if (!waits?.delete(wait)) return;
    this.#size--;
    if (waits.size === 0) this.#byCaller.delete(wait.caller);
  }
}

function listen(socket: Socket, abort: () => void): void {
  if (socket.getMaxListeners() < LISTENERS_MAX) socket.setMaxListeners(LISTENERS_MAX);
  socket.once('close', abort);
}
