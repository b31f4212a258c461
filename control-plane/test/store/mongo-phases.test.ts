import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startMongo, type TestServer } from '../../../tools/test-servers.ts';
import type { StreamDoc } from '../../src/store/mongo/collections.ts';
import { openMongoStore } from '../../src/store/mongo/index.ts';
import { firstOf, NOON, put } from './builders.ts';

vi.setConfig({ testTimeout: 90_000 });
let server: TestServer;
beforeAll(async () => {
  server = await startMongo();
});
afterAll(async () => {
  await server.stop();
});

test('runs that an older program wrote get their phase when the store is opened, and an aborted one is not passed', async () => {
  const options = { url: server.url, database: 'phases', timeoutMs: 20_000, readTimeoutMs: 20_000 };
  const store = await openMongoStore(options);
  const end = { state: 'finished', status: 'succeeded', finishedAt: NOON + 9 } as const;
  await put(store, firstOf('passed', { ...end, result: 'pass' }));
  await put(store, firstOf('aborted', { ...end, result: 'pass', status: 'aborted' }));
  await put(store, firstOf('left', { ...end, result: 'fail' }));
  await put(store, firstOf('open'));
  await put(store, firstOf('queued', { state: 'waiting' }));
  const before = (await store.listRuns({ limit: 10 })).items;
  await store.close();
  const client = await new MongoClient(server.url).connect();
  const streams = client.db('phases').collection<StreamDoc>('streams');
  for (const doc of await streams.find({}).toArray()) {
    const { phase: _phase, ...summary } = JSON.parse(doc.summary ?? 'null');
    const old = { summary: JSON.stringify(summary), ...(summary.result ? { result: summary.result } : {}) };
    // An older replica that is still there ends a run of which the row has a phase already.
    if (doc._id === 'left') await streams.updateOne({ _id: doc._id }, { $set: { ...old, phase: 'working' } });
    else await streams.updateOne({ _id: doc._id }, { $set: old, $unset: { phase: '' } });
  }
  await client.close();
  const again = await openMongoStore(options);
  expect((await again.listRuns({ limit: 10 })).items).toEqual(before);
  expect((await again.listRuns({ result: 'pass', limit: 10 })).items.map(({ id }) => id)).toEqual(['passed']);
  expect((await again.listRuns({ state: 'aborted', limit: 10 })).items.map(({ id }) => id)).toEqual(['aborted']);
  expect((await again.listRuns({ state: 'failed', limit: 10 })).items.map(({ id }) => id)).toEqual(['left']);
  await again.close();
});
