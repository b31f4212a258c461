import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMongo } from '../../../tools/test-servers.ts';
import { openMongoStore } from '../../src/store/mongo/index.ts';
import { claimOne, field, finished, JSON_TYPE, openDoor, post, putShipyard, startRun, type TestDoor } from './door.ts';
import { Sink } from './sink.ts';

async function subscribe(door: TestDoor, sink: string, more: Record<string, unknown> = {}): Promise<void> {
  const body = JSON.stringify({ sink, mode: 'execute', ...more });
  const answer = await door.ask('PUT', '/v1/subscriptions/hook', { headers: JSON_TYPE, body });
  expect(answer.status).toBeLessThan(300);
}

const delivery = async (door: TestDoor): Promise<unknown> => (await door.ask('GET', '/v1/subscriptions/hook')).json;

test('a new subscription is told of attempts that are open already, once, and may answer them', async () => {
  await using door = await openDoor({ pushPrivate: true });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  const runs = [await startRun(door), await startRun(door)];
  sink.answer = (event, res) => {
    const type = String(event.type).replace('triggered', 'finished');
    res.writeHead(200, { 'content-type': 'application/cloudevents+json' });
    res.end(
      JSON.stringify({ specversion: '1.0', id: `f-${event.id}`, source: '/sink', type, data: { result: 'pass' } }),
    );
  };
  await subscribe(door, sink.url, { types: ['build.triggered'] });
  const state = async (run: string): Promise<unknown> =>
    field((await door.ask('GET', `/v1/runs/${run}`)).json, 'state');
  for (const run of runs) await expect.poll(() => state(run)).toBe('finished');
  const later = await startRun(door);
  await expect.poll(() => state(later)).toBe('finished');
  expect(sink.taken.map(({ run }) => run).toSorted()).toEqual([...runs, later].toSorted());
});

test('events of different runs go out at the same time, at most so many; those of a run in their order', async () => {
  await using door = await openDoor({ pushPrivate: true, planeLimits: { pushConcurrency: 3 } });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  const gate = Promise.withResolvers<void>();
  sink.answer = async (_event, res) => {
    await gate.promise;
    await sleep(30);
    res.writeHead(202).end();
  };
  // Not the triggers of the task: whoever takes them has started it.
  await subscribe(door, sink.url, { types: ['dev.quick.*', 'build.finished'] });
  await Promise.all(Array.from({ length: 8 }, () => startRun(door)));
  await expect.poll(() => sink.inFlight).toBe(3);
  gate.resolve();
  for (let run = 0; run < 8; run++) await post(door, finished(await claimOne(door, 'build')));
  const done = (): number => sink.taken.filter(({ type }) => type === 'dev.quick.finished').length;
  await expect.poll(done).toBe(8);
  expect(sink.mostInFlight).toBe(3);
  const ofRuns = sink.taken.filter(({ type }) => type !== 'dev.quick.triggered' && type !== 'build.finished');
  for (const run of new Set(ofRuns.map((one) => one.run))) {
    const types = ofRuns.filter((one) => one.run === run).map(({ type }) => type);
    expect(types).toEqual(['dev.quick.started', 'dev.quick.finished']);
  }
});

test('a sink that does not answer is left alone for a while, and gets everything once it does', async () => {
  await using door = await openDoor({ pushPrivate: true });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  let isBroken = true;
  sink.answer = (_event, res) => {
    res.writeHead(isBroken ? 500 : 202).end();
  };
  await subscribe(door, sink.url, { types: ['build.triggered'] });
  await Promise.all(Array.from({ length: 30 }, () => startRun(door)));
  await sleep(2_000);
  // Each of 30 would be tried several times by now.
  expect(sink.requests).toBeLessThan(30);
  expect(await delivery(door)).toMatchObject({ failures: expect.any(Number), lastError: expect.stringMatching(/500/) });
  isBroken = false;
  await expect.poll(() => new Set(sink.taken.map(({ run }) => run)).size, { timeout: 120_000 }).toBe(30);
  await expect.poll(async () => field(await delivery(door), 'failures')).toBe(0);
}, 180_000);

test('an event that a sink refuses for good is passed over, and the subscription says which', async () => {
  await using door = await openDoor({ pushPrivate: true });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  sink.answer = (_event, res) => void res.writeHead(404).end();
  await subscribe(door, sink.url, { types: ['build.triggered'] });
  const run = await startRun(door);
  const said = async (): Promise<unknown> => field(await delivery(door), 'lastError');
  await expect
    .poll(said, { timeout: 30_000 })
    .toBe(`${sink.url} answered 404 to build.triggered of run ${run}: it was passed over`);
  expect(await delivery(door)).toMatchObject({ failures: 0 });
});

test('a sink that fails now and then is asked again in a bounded part of all requests, until it has everything', async () => {
  await using door = await openDoor({ pushPrivate: true, planeLimits: { pushConcurrency: 2 } });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  const asked = new Set<string>();
  const repeats: { allowed: number; count: number }[] = [];
  const begunMs = performance.now();
  sink.answer = ({ id }, res) => {
    const isFirst = !asked.has(String(id));
    asked.add(String(id));
    // Ten are free, one a second, and one for ten that are asked for the first time.
    const allowed = 10 + (performance.now() - begunMs) / 1000 + asked.size / 10;
    if (!isFirst) repeats.push({ allowed, count: repeats.length + 1 });
    // Every second one, so that there is never a row of failures.
    res.writeHead(isFirst && asked.size % 2 === 0 ? 503 : 202).end();
  };
  await subscribe(door, sink.url, { types: ['build.triggered'] });
  const runs = await Promise.all(Array.from({ length: 60 }, () => startRun(door)));
  await expect.poll(() => sink.taken.length, { timeout: 120_000 }).toBe(runs.length);
  expect(repeats.length).toBe(runs.length / 2);
  expect(repeats.filter(({ allowed, count }) => count > allowed + 1)).toEqual([]);
}, 180_000);

describe('with other replicas', () => {
  let mongo: Awaited<ReturnType<typeof startMongo>>;
  beforeAll(async () => {
    mongo = await startMongo();
  });
  afterAll(() => mongo?.stop());

  test('one of them delivers, and another when that one is gone', async () => {
    const shared = () => openMongoStore({ url: mongo.url, database: 'push' });
    await using sink = await new Sink().start();
    await using first = await openDoor({ pushPrivate: true, shared });
    const second = await openDoor({ pushPrivate: true, shared });
    await putShipyard(second, 'shop');
    await subscribe(second, sink.url, { types: ['build.triggered'] });
    // An attempt that began right then may be delivered twice: the clocks of two machines are never quite the same.
    await sleep(2_500);
    const runs: string[] = [];
    for (let run = 0; run < 4; run++) runs.push(await startRun(run % 2 === 0 ? first : second));
    const taken = (): string[] => sink.taken.map(({ run }) => run).toSorted();
    await expect.poll(taken, { timeout: 60_000 }).toEqual(runs.toSorted());
    await second[Symbol.asyncDispose]();
    const later = await startRun(first);
    await expect.poll(taken, { timeout: 60_000 }).toEqual([...runs, later].toSorted());
  }, 180_000);
});
