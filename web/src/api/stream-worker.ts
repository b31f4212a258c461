import { StreamHub } from './stream-hub.ts';

/** From a tab. `join` is repeated as a sign of life: a tab that crashed cannot leave. */
export type FromTab = { kind: 'join'; id: string; query: string } | { kind: 'leave'; id: string };

/** Longer than a browser delays the timers of a tab in the background. */
const SILENT_MAX_MS = 150_000;
const LOOK_MS = 30_000;

declare const self: { onconnect: ((event: MessageEvent) => void) | null };

/** Runs once for all tabs of the browser, so that they share one connection: a browser has six for a server. */
const hub = new StreamHub();
const heard = new Map<string, number>();
let ports = 0;

self.onconnect = ({ ports: [port] }) => {
  if (port === undefined) return;
  const tab = ++ports;
  port.onmessage = ({ data }: MessageEvent<FromTab>) => {
    const id = `${tab} ${data.id}`;
    if (data.kind === 'leave') leave(id);
    else {
      heard.set(id, Date.now());
      hub.join(id, data.query, (told) => port.postMessage({ id: data.id, told }));
    }
  };
};

setInterval(() => {
  for (const [id, at] of heard) if (Date.now() - at > SILENT_MAX_MS) leave(id);
}, LOOK_MS);

function leave(id: string): void {
  heard.delete(id);
  hub.leave(id);
}
