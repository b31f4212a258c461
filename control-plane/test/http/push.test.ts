import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMongo } from '../../../tools/test-servers.ts';
import { openMongoStore } from '../../src/store/mongo/index.ts';
import { claimOne, field, finished, JSON_TYPE, openDoor, post, putShipyard, startRun, type TestDoor } from './door.ts';

type Taken = { id: string; type: string; run: string };

/** A sink in this process: what it took, and how it answers. */
class Sink implements AsyncDisposable {
  readonly taken: Taken[] = [];
  inFlight = 0;
  mostInFlight = 0;
  requests = 0;
  answer: (event: Record<string, unknown>, res: ServerResponse) => void | Promise<void> = (_event, res) => {
    res.writeHead(202).end();
  };
  readonly #server = createServer((req, res) => void this.#take(req, res));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/sink`;
  }

  async #take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const event = JSON.parse(await text(req)) as Record<string, unknown>;
    this.requests++;
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await this.answer(event, res);
    if (res.statusCode < 300) {
      this.taken.push({ id: String(event.id), type: String(event.type), run: String(event.subject) });
    }
    this.inFlight--;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function subscribe(door: TestDoor, sink: string, more: Record<string, unknown> = {}): Promise<void> {
  const body = JSON.stringify({ sink, ...more });
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
  for (const run of runs) await expect.poll(() => state(run), { timeout: 5_000 }).toBe('finished');
  const later = await startRun(door);
  await expect.poll(() => state(later), { timeout: 5_000 }).toBe('finished');
  expect(sink.taken.map(({ run }) => run).toSorted()).toEqual([...runs, later].toSorted());
});

test('events of different runs go out at the same time, at most so many; those of a run in their order', async () => {
  await using door = await openDoor({ pushPrivate: true, planeLimits: { pushConcurrency: 3 } });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  sink.answer = async (_event, res) => {
    await sleep(30);
    res.writeHead(202).end();
  };
  // Not the triggers of the task: whoever takes them has started it.
  await subscribe(door, sink.url, { types: ['dev.quick.*', 'build.finished'] });
  for (let run = 0; run < 8; run++) await startRun(door);
  for (let run = 0; run < 8; run++) await post(door, finished(await claimOne(door, 'build')));
  const done = (): number => sink.taken.filter(({ type }) => type === 'dev.quick.finished').length;
  await expect.poll(done, { timeout: 15_000 }).toBe(8);
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
  const runs: string[] = [];
  for (let run = 0; run < 30; run++) runs.push(await startRun(door));
  await sleep(2_000);
  // Each of 30 would be tried several times by now.
  expect(sink.requests).toBeLessThan(30);
  expect(await delivery(door)).toMatchObject({ failures: expect.any(Number), lastError: expect.stringMatching(/500/) });
  isBroken = false;
  await expect.poll(() => new Set(sink.taken.map(({ run }) => run)).size, { timeout: 30_000 }).toBe(30);
  await expect.poll(async () => field(await delivery(door), 'failures'), { timeout: 5_000 }).toBe(0);
}, 60_000);

describe('with other replicas', () => {
  let mongo: Awaited<ReturnType<typeof startMongo>>;
  beforeAll(async () => {
    mongo = await startMongo();
  }, 60_000);
  afterAll(() => mongo?.stop(), 60_000);

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
    await expect.poll(taken, { timeout: 20_000 }).toEqual(runs.toSorted());
    await second[Symbol.asyncDispose]();
    const later = await startRun(first);
    await expect.poll(taken, { timeout: 40_000 }).toEqual([...runs, later].toSorted());
  }, 90_000);
});
