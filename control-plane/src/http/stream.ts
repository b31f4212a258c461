import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { ControlPlane, StreamFilter, StreamItem } from '../runtime/control-plane.ts';
import type { HttpLimits } from './door.ts';
import { refused } from './problem.ts';

/** Server-sent events: how many each caller may have open, and how fast each client gets its own. */
export type Streams = {
  open(stream: { filter: StreamFilter; after: string | undefined; caller: string; res: ServerResponse }): void;
  readonly count: number;
  close(): void;
};

const RECONNECT_MS = 2000;
export const STREAM_HEADERS = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-store, no-transform',
  'x-accel-buffering',
  'no',
  'x-content-type-options',
  'nosniff',
];

export function makeStreams({ plane, limits, log }: { plane: ControlPlane; limits: HttpLimits; log: Logger }): Streams {
  const open = new Map<Outlet, { caller: string }>();
  const perCaller = new Map<string, number>();
  const textOf = makeWriter();
  // A proxy takes a silent connection for a dead one.
  const heartbeat = setInterval(() => {
    for (const outlet of open.keys()) outlet.beat();
  }, limits.heartbeatMs);
  heartbeat.unref();

  function leave(outlet: Outlet): void {
    const known = open.get(outlet);
    if (known === undefined) return;
    open.delete(outlet);
    const left = (perCaller.get(known.caller) ?? 1) - 1;
    if (left === 0) perCaller.delete(known.caller);
    else perCaller.set(known.caller, left);
  }

  return {
    get count() {
      return open.size;
    },

    open({ filter, after, caller, res }) {
      const mine = perCaller.get(caller) ?? 0;
      if (mine >= limits.streamsPerCaller) {
        const detail = `${caller} has ${mine} streams open, the most that one caller may have: close one first`;
        throw refused('rate-limited', detail, { retryAfterMs: 10_000 });
      }
      if (res.socket === null) {
        const detail = 'this connection has a response under way: open a stream on a connection of its own';
        throw refused('invalid-request', detail);
      }
      const outlet = new Outlet(res, limits, () => subscription.resume());

      // The marker has no id: the client comes back with the last one that it saw, and misses nothing.
      function end(reason: string): void {
        outlet.end(`event: gap\ndata: ${JSON.stringify({ reason })}\n\n`);
        leave(outlet);
      }

      const subscription = plane.stream(filter, after, { onItem: (item) => outlet.write(textOf(item)), onEnd: end });
      perCaller.set(caller, mine + 1);
      open.set(outlet, { caller });
      res.on('close', () => {
        subscription.end();
        leave(outlet);
      });
      res.setTimeout(limits.streamStallMs, () => {
        if (!outlet.isWaiting) return;
        log.info({ caller }, 'a stream was ended: its client does not read');
        subscription.end();
        end('slow-client');
      });
    },

    close() {
      clearInterval(heartbeat);
      for (const outlet of open.keys()) outlet.end('');
    },
  };
}

/**
 * The response of one stream. Everything that one turn of the event loop says goes out in one write, and nothing after the
 * end: Node would write what is corked behind the terminating chunk.
 */
class Outlet {
  readonly #res: ServerResponse;
  readonly #limits: HttpLimits;
  readonly #onRoom: () => void;
  #batch: string[] = [];
  #batchChars = 0;
  #isFull = false;

  constructor(res: ServerResponse, limits: HttpLimits, onRoom: () => void) {
    this.#res = res;
    this.#limits = limits;
    this.#onRoom = onRoom;
    res.writeHead(200, STREAM_HEADERS);
    res.write(`retry: ${RECONNECT_MS}\n\n`);
  }

  /** The client has not taken everything yet. */
  get isWaiting(): boolean {
    return this.#batchChars + this.#res.writableLength > 0;
  }

  /** False: taken, and no more until there is room. */
  write(text: string): boolean {
    if (this.#batch.push(text) === 1) process.nextTick(() => this.#flush());
    this.#batchChars += text.length;
    this.#isFull ||= this.#res.writableLength + this.#batchChars >= this.#limits.streamBufferBytes;
    return !this.#isFull;
  }

  beat(): void {
    if (!this.isWaiting && !this.#res.writableEnded) this.#res.write(':\n\n');
  }

  end(last: string): void {
    this.#flush();
    if (this.#res.writableEnded) return;
    this.#res.end(last);
    // A client that does not read would keep the connection, and what waits for it, for ever.
    setTimeout(() => this.#res.destroy(), this.#limits.closeMs).unref();
  }

  #flush(): void {
    const batch = this.#batch.join('');
    this.#batch = [];
    this.#batchChars = 0;
    if (batch === '' || this.#res.writableEnded || this.#res.destroyed) return;
    if (!this.#isFull) {
      this.#res.write(batch);
      return;
    }
    this.#res.write(batch, () => {
      this.#isFull = false;
      this.#onRoom();
    });
  }
}

/** The same item goes to every stream one after the other: it is written out once. JSON has no line break of its own. */
function makeWriter(): (item: StreamItem) => string {
  let last: StreamItem | undefined;
  let text = '';
  return (item) => {
    if (item !== last) {
      last = item;
      text = `id: ${item.id.replace(/[\r\n\0]/g, '')}\nevent: ${item.kind}\ndata: ${item.kind === 'event' ? item.text : JSON.stringify(item.value)}\n\n`;
    }
    return text;
  };
}
