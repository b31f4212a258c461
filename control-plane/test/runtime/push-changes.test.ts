import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';

/** One replica: what it does not deliver for, nobody does. The store is slow, or fails, just where it matters. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: turn, tasks: [{name: build}]}]}]}
`;
type Plane = Awaited<ReturnType<typeof startPlane>>;
type PutDocument = Store['putDocument'];

const FIRST = 'http://example.org/first';
const SECOND = 'http://example.org/second';

let dir: string;
let store: Store;
let plane: Plane;
/** What takes the place of a write of a document, until it does no more. */
let instead:
  | ((write: () => ReturnType<PutDocument>, ...args: Parameters<PutDocument>) => ReturnType<PutDocument>)
  | undefined;
let sent: { sink: string; id: string; run: string }[];
let count: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-push-changes-'));
  store = await openSqliteStore({ dir });
  instead = undefined;
  sent = [];
  count = 0;
  plane = await start();
  await plane.putShipyard('shop', SHIPYARD, { dryRun: false });
});
afterEach(async () => {
  await plane.close();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('who is changed while its cursor is being saved is served on', async () => {
  await subscribe(FIRST);
  const saveBegun = Promise.withResolvers<void>();
  const changed = Promise.withResolvers<void>();
  let writes: Promise<unknown> = Promise.resolve();
  // A save comes before the change is written, and is done after that; writes do not overtake each other.
  instead = async (write, kind) => {
    if (kind === 'subscription') {
      await saveBegun.promise;
      const written = await write();
      changed.resolve();
      return written;
    }
    saveBegun.resolve();
    const before = writes;
    const written = before
      .then(() => changed.promise)
      .then(() => sleep(200))
      .then(write);
    writes = written;
    return written;
  };
  await delivered(FIRST);
  await subscribe(SECOND);
  instead = undefined;
  await delivered(SECOND);
});

test('of two changes at a time the one that is kept is the one that is served', async () => {
  await subscribe(FIRST);
  const { isWritten, isSlow } = holdNextChange();
  const one = subscribe(FIRST);
  await isWritten.promise;
  const other = subscribe(SECOND);
  await Promise.race([other, sleep(500)]);
  isSlow.resolve();
  await Promise.all([one, other]);
  expect((await plane.getSubscription('hook')).sink).toBe(SECOND);
  await delivered(SECOND);
});

test('what is deleted while it is being changed is not served any more', async () => {
  await subscribe(FIRST);
  const { isWritten, isSlow } = holdNextChange();
  const change = subscribe(SECOND);
  await isWritten.promise;
  const end = plane.deleteSubscription('hook');
  await Promise.race([end, sleep(500)]);
  isSlow.resolve();
  await Promise.all([change, end]);
  await trigger();
  await sleep(500);
  expect(sent).toEqual([]);
  expect(await store.getDocument('cursor', 'hook')).toBeUndefined();
});

test('a cursor whose save takes longer than it is to the next one is saved on', async () => {
  await subscribe(FIRST);
  const begun = Promise.withResolvers<void>();
  instead = async (write) => {
    instead = undefined;
    begun.resolve();
    await sleep(1_500);
    return write();
  };
  await delivered(FIRST);
  await begun.promise;
  await delivered(FIRST);
  const newest = (await store.lastPosition()) ?? '';
  const isKept = async (): Promise<boolean> => (await cursor()).position >= newest;
  await expect.poll(isKept, { timeout: 10_000 }).toBe(true);
});

test('a save whose answer was lost leaves nobody without deliveries', async () => {
  await subscribe(FIRST);
  const lost = Promise.withResolvers<void>();
  instead = async (write) => {
    instead = undefined;
    await write();
    lost.resolve();
    throw new StoreUnavailable('it was written, and nobody knows');
  };
  await delivered(FIRST);
  await lost.promise;
  // The next save finds another revision than it knows.
  await sleep(1_500);
  await delivered(FIRST);
});

test('a change that failed half-way leaves nobody without deliveries', async () => {
  await subscribe(FIRST);
  instead = async (write, kind) => {
    if (kind === 'cursor') throw new StoreUnavailable('it is away');
    return write();
  };
  await expect(subscribe(SECOND)).rejects.toThrow(StoreUnavailable);
  instead = undefined;
  await delivered(SECOND);
});

test('a cursor that is ahead of the store, as after a backup was brought back, goes on from what there is', async () => {
  await subscribe(FIRST, ['dev.turn.triggered', 'build.triggered']);
  await delivered(FIRST);
  await plane.close();
  const before = await cursor();
  const position = before.position.replace(/^0/, '9');
  await store.putDocument('cursor', 'hook', { ...before, position });
  sent = [];
  plane = await start();
  // What comes before the cursor is taken up is not passed by, where somebody has to do it.
  const { run } = await trigger();
  await expect.poll(() => sent.map((one) => one.run), { timeout: 10_000 }).toContain(run);
  await delivered(FIRST);
  expect((await cursor()).position < position).toBe(true);
  // What was told and is not open is not told again.
  expect(sent.filter(({ id }) => id === 't0')).toEqual([]);
});

async function cursor(): Promise<{ position: string }> {
  const document = await store.getDocument('cursor', 'hook');
  return (document?.value ?? {}) as { position: string };
}

async function start(): Promise<Plane> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const putDocument: PutDocument = (...args) => {
    const write = (): ReturnType<PutDocument> => store.putDocument(...args);
    return instead && (args[0] === 'subscription' || args[0] === 'cursor') ? instead(write, ...args) : write();
  };
  const post = {
    refuses: () => undefined,
    send: async ({ sink, json }: { sink: string; json: string }) => {
      const { id, subject } = JSON.parse(json) as Record<string, string>;
      sent.push({ sink, id: id ?? '', run: subject ?? '' });
      return { status: 202, body: undefined };
    },
  };
  return await startPlane({
    ...{ store: { ...store, putDocument }, bus: new LocalBus(), clock: systemClock, shared: false, log, post },
  });
}

async function subscribe(sink: string, types = ['dev.turn.triggered']): Promise<void> {
  await plane.putSubscription('hook', { sink, types, mode: 'execute', encoding: 'structured' });
}

async function trigger(): Promise<{ id: string; run: string }> {
  const id = `t${count++}`;
  const event = { specversion: '1.0', id, source: '/t', type: 'dev.turn.triggered', data: { project: 'shop' } };
  const { items } = await plane.submit([{ event: event as never }]);
  return { id, run: items[0]?.run ?? '' };
}

/** What happens now comes to `sink`. */
async function delivered(sink: string): Promise<void> {
  const { id } = await trigger();
  const isSent = (): boolean => sent.some((one) => one.sink === sink && one.id === id);
  await expect.poll(isSent, { timeout: 10_000, message: `${id} comes to ${sink}` }).toBe(true);
}

/** The next change of a subscription is written, and its answer is on its way until it is let go. */
function holdNextChange(): { isWritten: PromiseWithResolvers<void>; isSlow: PromiseWithResolvers<void> } {
  const isSlow = Promise.withResolvers<void>();
  const isWritten = Promise.withResolvers<void>();
  instead = async (write, kind) => {
    const written = await write();
    if (kind !== 'subscription') return written;
    instead = undefined;
    isWritten.resolve();
    await isSlow.promise;
    return written;
  };
  return { isWritten, isSlow };
}
