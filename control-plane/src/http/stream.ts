import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { ControlPlane, StreamFilter, StreamItem } from '../runtime/control-plane.ts';
import type { HttpLimits } from './door.ts';
import { refused } from './problem.ts';

/** Server-sent events: who listens, how many for each caller, and what happens to those who do not keep up. */
export type Streams = {
  open(stream: { filter: StreamFilter; after: string | undefined; caller: string; res: ServerResponse }): void;
  readonly count: number;
  close(): void;
};

const RECONNECT_MS = 2000;
const HEADERS = [
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
  const open = new Set<ServerResponse>();
  const perCaller = new Map<string, number>();
  const textOf = makeWriter();
  // A proxy takes a silent connection for a dead one.
  const heartbeat = setInterval(() => {
    for (const res of open) res.write(':\n\n');
  }, limits.heartbeatMs);
  heartbeat.unref();

  function leave(res: ServerResponse, caller: string): void {
    if (!open.delete(res)) return;
    const left = (perCaller.get(caller) ?? 1) - 1;
    if (left === 0) perCaller.delete(caller);
    else perCaller.set(caller, left);
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
      let started = false;
      // Not before the control plane took the filter and the position: their refusal is a problem, and no stream.
      function start(): void {
        if (started) return;
        started = true;
        res.writeHead(200, HEADERS);
        res.write(`retry: ${RECONNECT_MS}\n\n`);
      }

      // The marker has no id: the client comes back with the last one that it saw, and misses nothing.
      function end(reason: string): void {
        start();
        if (!res.writableEnded) res.end(`event: gap\ndata: ${JSON.stringify({ reason })}\n\n`);
        leave(res, caller);
      }

      const subscription = plane.stream(filter, after, {
        onItem(item) {
          if (res.destroyed || res.writableEnded) return false;
          start();
          const text = textOf(item);
          if (res.writableLength + text.length > limits.streamBufferBytes) {
            log.info({ caller, buffered: res.writableLength }, 'a stream was ended: its client reads too slowly');
            end('slow-client');
            return false;
          }
          // What one turn has to say goes out in one write.
          if (res.writableCorked === 0) {
            res.cork();
            process.nextTick(() => res.uncork());
          }
          res.write(text);
          return true;
        },
        onEnd: end,
      });
      perCaller.set(caller, mine + 1);
      open.add(res);
      res.on('close', () => {
        subscription.end();
        leave(res, caller);
      });
      start();
    },

    close() {
      clearInterval(heartbeat);
      for (const res of open) res.end();
    },
  };
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
