import { type Db, MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startMongo, type TestServer } from '../../../tools/test-servers.ts';
import { openMongoStore } from '../../src/store/mongo/index.ts';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';
import { firstOf, itemOf, NOON, put, summaryOf } from './builders.ts';

/**
 * What a crash between the steps of a commit leaves behind is made by hand here, in the database itself, and what another
 * replica makes of it is seen through the door.
 */
type Doc = { _id: string; [field: string]: unknown };

vi.setConfig({ testTimeout: 240_000 });

let server: TestServer;
let client: MongoClient;
let db: Db;
let stores: Store[];
let databases = 0;

beforeAll(async () => {
  server = await startMongo();
  client = await new MongoClient(server.url).connect();
});
afterAll(async () => {
  await client.close();
  await server.stop();
});
beforeEach(() => {
  databases += 1;
  db = client.db(`repair${databases}`);
  stores = [];
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
});

async function replica(): Promise<Store> {
  const store = await openMongoStore({ url: server.url, database: db.databaseName, timeoutMs: 20_000 });
  stores.push(store);
  return store;
}
const streams = () => db.collection<Doc>('streams');
const finishedAs = (message: string) => summaryOf('run1', { state: 'finished', result: 'pass', message });

test('a summary that a crash kept from the lists is written by the walk, before the stream is settled', async () => {
  const first = await replica();
  await put(first, firstOf('run1'));
  const before = await first.getRun('run1');
  await put(first, itemOf('run1', 2, { summary: finishedAs('done') }));
  await put(first, itemOf('run1', 3));
  await first.getRun('run1');
  // As if it had died with the entries durable and the projection not.
  await streams().updateOne(
    { _id: 'run1' },
    { $set: { summary: JSON.stringify(before), state: 'running', summarySeq: 1 } },
  );

  const second = await replica();
  expect((await second.getRun('run1'))?.state).toBe('running');
  for (const stream of await second.openStreams({ limit: 10 })) {
    await second.read(stream);
    await second.settle([stream]);
  }
  expect(await second.getRun('run1')).toEqual(finishedAs('done'));
  expect((await second.listRuns({ state: 'finished', limit: 10 })).items).toHaveLength(1);
  expect(await second.openStreams({ limit: 10 })).toEqual([]);
});

test('an older projection that comes late changes nothing', async () => {
  const first = await replica();
  await put(first, firstOf('run1', { message: 'one' }));
  await first.getRun('run1');
  // Somebody has projected entry 5 already, when a replica meets the stream and repeats what its journal says.
  const newer = { summary: JSON.stringify(finishedAs('five')), state: 'finished', summarySeq: 5 };
  await streams().updateOne({ _id: 'run1' }, { $set: newer });
  const second = await replica();
  await second.read('run1');
  await put(first, itemOf('run1', 2, { summary: summaryOf('run1', { message: 'two' }) }));
  expect(await first.getRun('run1')).toEqual(finishedAs('five'));
  expect(await second.getRun('run1')).toEqual(finishedAs('five'));
});

test('a replica that settles what it knows does not settle what another one has just written', async () => {
  const first = await replica();
  const second = await replica();
  await put(first, itemOf('group:g', 1));
  await second.read('group:g');
  await put(second, itemOf('group:g', 2));
  await first.settle(['group:g']);
  expect(await first.openStreams({ limit: 10 })).toEqual(['group:g']);
  await second.settle(['group:g']);
  expect(await first.openStreams({ limit: 10 })).toEqual([]);
  // It is over for both, and open again with the next entry of either.
  await first.read('group:g');
  await put(first, itemOf('group:g', 3));
  expect(await second.openStreams({ limit: 10 })).toEqual(['group:g']);
});

test('a mark whose entry never came is settled once it is old, and not before', async () => {
  const store = await replica();
  await put(store, itemOf('group:g', 1));
  await streams().insertOne({ _id: 'never', open: 1, marked: 1, markedAt: Date.now(), summarySeq: 0 });
  await streams().updateOne({ _id: 'group:g' }, { $set: { marked: 2, markedAt: Date.now() } });
  await store.settle(['never', 'group:g']);
  expect(await store.openStreams({ limit: 10 })).toEqual(['group:g', 'never']);
  await streams().updateMany({}, { $set: { markedAt: Date.now() - 120_000 } });
  await store.settle(['never', 'group:g']);
  expect(await store.openStreams({ limit: 10 })).toEqual([]);
  expect(await streams().countDocuments({ _id: 'never' })).toBe(0);
  await put(store, firstOf('never'));
  await put(store, itemOf('group:g', 2));
  expect(await store.openStreams({ limit: 10 })).toEqual(['group:g', 'never']);
});

test('readers stay below what a living replica may still write, and pass a dead one', async () => {
  const store = await replica();
  const [position] = await put(store, firstOf('run1'));
  await expect.poll(() => store.lastPosition()).toBeDefined();
  const replicas = db.collection<Doc>('replicas');
  // Another replica is in the middle of an insert that it began before ours.
  await replicas.insertOne({ _id: 'aaaaaaaa', low: position?.slice(0, -6), beat: Date.now() });
  await expect.poll(() => store.eventsAfter({ limit: 10 })).toEqual([]);
  expect(await store.lastPosition()).toBeUndefined();
  await replicas.updateOne({ _id: 'aaaaaaaa' }, { $set: { beat: Date.now() - 11_000 } });
  await expect.poll(() => store.eventsAfter({ limit: 10 })).toHaveLength(2);
});

test('a new replica writes beyond what readers have passed, even when its clock is behind', async () => {
  const first = await replica();
  const future = `${String(Date.now() + 60_000).padStart(15, '0')}-`;
  await db.collection<Doc>('replicas').insertOne({ _id: 'bbbbbbbb', low: future, beat: Date.now() });
  const second = await replica();
  const [position] = await put(second, firstOf('run1'));
  expect(position?.localeCompare(future)).toBe(1);
  await first.close();
});

test('entries of one run are in order, whichever replica wrote them and however its clock goes', async () => {
  const second = await replica();
  // The first one's clock is a minute ahead.
  const future = `${String(Date.now() + 60_000).padStart(15, '0')}-`;
  await db.collection<Doc>('replicas').insertOne({ _id: 'bbbbbbbb', low: future, beat: Date.now() });
  const first = await replica();
  const positions = [...(await put(first, firstOf('run1')))];
  for (let seq = 2; seq <= 12; seq += 1) {
    const by = seq % 2 ? first : second;
    await by.read('run1');
    positions.push(...(await put(by, itemOf('run1', seq))));
  }
  expect(positions.toSorted()).toEqual(positions);
});

test('an unknown outcome is StoreUnavailable, in time, and reading tells what became of it', async () => {
  const own = await startMongo();
  const store = await openMongoStore({ url: own.url, database: 'hang', timeoutMs: 4_000 });
  await put(store, firstOf('run1', {}, { timersPut: [{ stream: 'run1', name: 't', dueAt: NOON }] }));
  process.kill(own.pid, 'SIGSTOP');
  // The signal stops its threads one by one, and not at once on a busy machine.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await expect(store.commit([itemOf('run1', 2)])).rejects.toThrow(StoreUnavailable);
  await expect(store.probe()).rejects.toThrow(/within 4000 ms/);
  process.kill(own.pid, 'SIGCONT');
  await expect.poll(async () => (await store.read('run1').catch(() => [])).length).toBe(2);
  expect((await store.commit([itemOf('run1', 2)]))[0]?.outcome).toBe('conflict');
  await put(store, itemOf('run1', 3));
  await own.kill();
  await expect(store.commit([itemOf('run1', 4)])).rejects.toThrow(StoreUnavailable);
  await expect(store.listRuns({ limit: 1 })).rejects.toThrow(StoreUnavailable);
  await store.close();
  await expect(store.probe()).rejects.toThrow(StoreUnavailable);
  await own.stop();
});

test('no server at all is said when the store is opened', async () => {
  const opened = openMongoStore({ url: 'mongodb://127.0.0.1:1/?directConnection=true' });
  await expect(opened).rejects.toThrow(StoreUnavailable);
});
