import { StreamHub, type Told } from './stream-hub.ts';
import type { FromTab } from './stream-worker.ts';

const SIGN_OF_LIFE_MS = 20_000;

type Joined = { query: string; tell: (told: Told) => void };
type Answer = { id: string; told: Told };

const joined = new Map<string, Joined>();
let post: ((message: FromTab) => void) | undefined;
/** Of this tab alone, where a browser has no shared worker or could not load it. */
let own: StreamHub | undefined;

/** Follows the stream that all tabs of this browser share. */
export function join(id: string, query: string, tell: (told: Told) => void): void {
  joined.set(id, { query, tell });
  if (own === undefined && post === undefined) connect();
  send(id);
}

export function leave(id: string): void {
  joined.delete(id);
  if (own !== undefined) own.leave(id);
  else post?.({ kind: 'leave', id });
}

function send(id: string): void {
  const one = joined.get(id);
  if (one === undefined) return;
  if (own !== undefined) own.join(id, one.query, one.tell);
  else post?.({ kind: 'join', id, query: one.query });
}

function connect(): void {
  if (typeof SharedWorker === 'undefined') {
    own = new StreamHub();
    return;
  }
  const worker = new SharedWorker(new URL('./stream-worker.ts', import.meta.url), { type: 'module' });
  worker.onerror = () => {
    own ??= new StreamHub();
    for (const id of joined.keys()) send(id);
  };
  worker.port.onmessage = ({ data }: MessageEvent<Answer>) => joined.get(data.id)?.tell(data.told);
  post = (message) => worker.port.postMessage(message);
  setInterval(() => {
    for (const id of joined.keys()) send(id);
  }, SIGN_OF_LIFE_MS);
  addEventListener('pagehide', () => {
    for (const id of joined.keys()) post?.({ kind: 'leave', id });
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) for (const id of joined.keys()) send(id);
  });
}
