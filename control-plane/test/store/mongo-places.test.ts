import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startMongo, type TestServer } from '../../../tools/test-servers.ts';
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

test('what had finished before places were kept has its place when the store is opened', async () => {
  const options = { url: server.url, database: 'places', timeoutMs: 20_000, readTimeoutMs: 20_000 };
  const store = await openMongoStore(options);
  const end = { state: 'finished', result: 'pass', finishedAt: NOON + 9 } as const;
  await put(store, firstOf('a', { ...end, acceptedAt: NOON }));
  await put(store, firstOf('b', { ...end, acceptedAt: NOON + 1 }));
  await put(store, firstOf('c', { ...end, acceptedAt: NOON + 2, stage: 'prod', service: 'cart' }));
  const before = await store.listPlaces({ limit: 10 });
  expect(before.map(({ last }) => last?.id)).toEqual(['c', 'b']);
  await store.close();
  const client = await new MongoClient(server.url).connect();
  await client.db('places').collection('places').deleteMany({});
  await client.db('places').collection('documents').deleteMany({ kind: 'meta', id: 'places' });
  await client.close();
  const [one, other] = await Promise.all([openMongoStore(options), openMongoStore(options)]);
  expect(await one.listPlaces({ limit: 10 })).toEqual(before);
  await one.close();
  await other.close();
});
