import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent } from '@slipway/contract';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { freePort } from '../../../tools/test-servers.ts';
import {
  AttemptCancelled,
  defineTask,
  outcome,
  RetryAfter,
  type ServeOptions,
  type Service,
  serve,
  silentLogger,
  TerminalError,
} from '../src/index.ts';
import { eventually, FakeControlPlane } from './fake-control-plane.ts';

const services: Service[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close().catch(() => {});
});

function start(options: ServeOptions): Service {
  const service = serve({ log: silentLogger, signals: false, drainMs: 2_000, ...options });
  services.push(service);
  return service;
}

const double = defineTask({
  name: 'double',
  input: z.object({ n: z.number() }),
  output: z.object({ twice: z.number() }),
  run: ({ n }) => ({ twice: 2 * n }),
});

test('an attempt is claimed, run and answered under its own name', async () => {
  await using server = await new FakeControlPlane().start();
  start({ tasks: [double], server: server.url, source: '/doubler/1', version: '7', filter: { project: 'default' } });
  const event = server.trigger('double', { n: 21 }, { traceparent: '00-1-2-03', data: { service: 'shop' } });
  server.offer(event);
  await eventually('an answer', () => server.finished().length === 1);
  expect(server.claims[0]).toEqual({
    task: 'double',
    max: 16,
    lease: '30000ms',
    body: { source: '/doubler/1', version: '7', project: 'default' },
  });
  expect(server.finished()[0]).toMatchObject({
    source: '/doubler/1',
    type: 'double.finished',
    subject: event.subject,
    causationid: event.id,
    correlationid: event.correlationid,
    traceparent: '00-1-2-03',
    data: {
      project: 'default',
      stage: 'dev',
      service: 'shop',
      status: 'succeeded',
      result: 'pass',
      double: { twice: 42 },
    },
  });
});

test('a trigger in the spelling of Keptn is answered in it', async () => {
  await using server = await new FakeControlPlane().start();
  start({ tasks: [double], server: server.url });
  const event = server.trigger('double', { n: 1 }, { type: 'sh.keptn.event.double.triggered', shkeptncontext: 'c' });
  delete event.correlationid;
  server.offer(event);
  await eventually('an answer', () => server.finished().length === 1);
  expect(server.finished()[0]).toMatchObject({
    type: 'sh.keptn.event.double.finished',
    shkeptncontext: 'c',
    triggeredid: event.id,
  });
});

test('input that does not fit ends the attempt without running it, and names the place', async () => {
  await using server = await new FakeControlPlane().start();
  start({ tasks: [double], server: server.url });
  server.offer(server.trigger('double', { n: 'one' }));
  await eventually('an answer', () => server.finished().length === 1);
  expect(server.finished()[0]?.data).toMatchObject({
    status: 'errored',
    result: 'fail',
    error: { code: 'INVALID_INPUT', retryable: false, message: expect.stringContaining('n: ') },
  });
});

test('what a handler returns or throws is what the finished event says', async () => {
  await using server = await new FakeControlPlane().start();
  const say = defineTask({
    name: 'say',
    input: z.object({ what: z.string() }),
    output: z.object({ said: z.string() }),
    run: ({ what }) => {
      if (what === 'terminal') throw new TerminalError('no such thing', { code: 'NOT_FOUND' });
      if (what === 'later') throw new RetryAfter(1500, 'busy');
      if (what === 'oops') throw new Error('oops');
      if (what === 'warn') return outcome({ result: 'warning', message: 'hm', output: { said: 'hm' } });
      if (what === 'fail') return outcome<{ said: string }>({ result: 'fail', message: 'no' });
      return { said: what };
    },
  });
  start({ tasks: [say], server: server.url });
  const words = ['terminal', 'later', 'oops', 'warn', 'fail'];
  server.offer(...words.map((what) => server.trigger('say', { what })));
  await eventually('five answers', () => server.finished().length === 5);
  const byWord = Object.fromEntries(server.finished().map((event, index) => [words[index], event.data]));
  expect(byWord).toMatchObject({
    terminal: { status: 'errored', error: { code: 'NOT_FOUND', message: 'no such thing', retryable: false } },
    later: { status: 'errored', error: { code: 'RETRY_AFTER', retryAfterMs: 1500 } },
    oops: { status: 'errored', result: 'fail', message: 'oops', error: { code: 'ERROR' } },
    warn: { status: 'succeeded', result: 'warning', message: 'hm', say: { said: 'hm' } },
    fail: { status: 'succeeded', result: 'fail', message: 'no' },
  });
});

test('an attempt that comes again is answered again with the same event, and runs once', async () => {
  await using server = await new FakeControlPlane().start();
  let runs = 0;
  const gate = Promise.withResolvers<Record<string, never>>();
  const slow = defineTask({
    name: 'slow',
    input: z.unknown(),
    output: z.object({}),
    run: () => {
      runs++;
      return gate.promise;
    },
  });
  const service = start({ tasks: [slow], server: server.url });
  const event = server.trigger('slow', {});
  server.offer(event, event);
  await eventually('both are taken', () => server.claims.length === 2);
  server.offer(event);
  await eventually('the third is taken', () => server.claims.length === 3);
  gate.resolve({});
  await eventually('an answer', () => server.finished().length === 1);
  server.offer(event);
  await eventually('a second answer', () => server.finished().length === 2);
  expect(runs).toBe(1);
  expect(server.finished()[1]).toEqual(server.finished()[0]);
  expect(service.stats()).toMatchObject({ started: 1, finished: 1, repeated: 1 });
});

test('an answer survives broken connections, 503 and 429, and arrives once per id', async () => {
  await using server = await new FakeControlPlane().start();
  let faults = 0;
  server.fault = (request, response) => {
    if (request.url !== '/v1/events' || ++faults > 4) return false;
    if (faults === 1) request.socket.destroy();
    else if (faults === 2) response.writeHead(503, { 'retry-after': '0' }).end();
    else if (faults === 3) response.writeHead(429).end('slow down');
    else {
      // Taken, but the answer to it is lost on the way back.
      void request.toArray().then(() => request.socket.destroy());
    }
    return true;
  };
  const service = start({ tasks: [double], server: server.url });
  server.offer(server.trigger('double', { n: 1 }));
  await eventually('an answer', () => server.finished().length === 1);
  await eventually('the books', () => service.stats().answers.sent === 1);
  expect(service.stats().answers).toMatchObject({ waiting: 0, retries: 4 });
});

test('what ends while a POST is under way goes together in the next, at most 100 in one', async () => {
  await using server = await new FakeControlPlane().start();
  let held: (() => void) | undefined;
  server.fault = (request, response) => {
    if (request.url !== '/v1/events' || held !== undefined) return false;
    held = () => response.writeHead(503).end();
    return true;
  };
  const service = start({ tasks: [double], server: server.url, concurrency: 256 });
  server.offer(server.trigger('double', { n: 0 }));
  await eventually('the first POST', () => held !== undefined);
  server.offer(...Array.from({ length: 250 }, (_, n) => server.trigger('double', { n })));
  await eventually('all have ended', () => service.stats().finished === 251);
  held?.();
  await eventually('all answers', () => server.finished().length === 251);
  expect(server.posts).toEqual([1, 100, 100, 50]);
});

test('a server that comes later, goes and comes back is found again', async () => {
  const port = await freePort();
  start({ tasks: [double], server: `http://127.0.0.1:${port}` });
  await sleep(100);
  for (let round = 0; round < 2; round++) {
    await using server = await new FakeControlPlane().start(port);
    server.offer(server.trigger('double', { n: round }));
    await eventually('an answer', () => server.finished().length === 1);
  }
});

test('a running attempt sends signs of life, and joins its progress into them', async () => {
  await using server = await new FakeControlPlane().start();
  const told = (): CloudEvent[] => server.answers.filter((event) => event.type === 'long.status.changed');
  const long = defineTask({
    name: 'long',
    input: z.unknown(),
    output: z.object({}),
    run: async (_, { progress }) => {
      for (let step = 1; step <= 500; step++) progress(step / 500, `step ${step}`, { step });
      await eventually('three signs of life', () => told().length >= 3);
      return {};
    },
  });
  start({ tasks: [long], server: server.url, leaseMs: 150 });
  server.offer(server.trigger('long', {}));
  await eventually('an answer', () => server.finished().length === 1);
  expect(told()[0]?.data).toMatchObject({ fraction: 1, message: 'step 500', step: 500 });
  expect(told().length).toBeLessThan(50);
});

test('an attempt that is over aborts its handler, and its answer is not sent', async () => {
  await using server = await new FakeControlPlane().start();
  let reason: unknown;
  const wait = defineTask({
    name: 'wait',
    input: z.unknown(),
    output: z.object({}),
    run: async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      reason = signal.reason;
      return {};
    },
  });
  const service = start({ tasks: [wait], server: server.url, leaseMs: 90 });
  const event = server.trigger('wait', {});
  server.over.add(event.id);
  server.offer(event);
  await eventually('the abort', () => reason !== undefined);
  expect(reason).toBeInstanceOf(AttemptCancelled);
  await eventually('the books', () => service.stats().dropped === 1);
  expect(server.finished()).toEqual([]);
});

test('an answer that is refused for good is replaced by one that says so', async () => {
  await using server = await new FakeControlPlane().start();
  const deep = defineTask({
    name: 'deep',
    input: z.unknown(),
    output: z.object({ nest: z.unknown() }),
    run: () => {
      let nest: unknown = 0;
      for (let level = 0; level < 200; level++) nest = [nest];
      return { nest };
    },
  });
  start({ tasks: [deep, double], server: server.url });
  server.offer(server.trigger('deep', {}));
  server.offer(server.trigger('double', { n: 4 }));
  await eventually('two answers', () => server.finished().length === 2);
  const refused = server.finished().find((event) => event.type === 'deep.finished');
  expect(refused?.data).toMatchObject({ status: 'errored', error: { code: 'ANSWER_REFUSED', retryable: false } });
});

test('a wrong token ends the service with the refusal', async () => {
  await using server = await new FakeControlPlane().start();
  server.fault = (_, response) => {
    const problem = { type: '/x', title: 'No', status: 401, code: 'unauthorized', detail: 'the token is not known' };
    response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    return true;
  };
  const service = start({ tasks: [double], server: server.url, token: 'wrong' });
  await expect(service.closed).rejects.toMatchObject({ name: 'SlipwayProblem', status: 401, code: 'unauthorized' });
});

test('claims ask for no more than there are free slots, and none while there is none', async () => {
  await using server = await new FakeControlPlane().start();
  const gates: (() => void)[] = [];
  const gate = defineTask({
    name: 'gate',
    input: z.unknown(),
    output: z.object({}),
    run: () => new Promise<Record<string, never>>((resolve) => gates.push(() => resolve({}))),
  });
  start({ tasks: [gate], server: server.url, concurrency: 3 });
  server.offer(...Array.from({ length: 5 }, () => server.trigger('gate', {})));
  await eventually('three running', () => gates.length === 3);
  await sleep(50);
  expect(server.claims.map(({ max }) => max)).toEqual([3]);
  gates.shift()?.();
  await eventually('the fourth', () => gates.length === 3);
  expect(server.claims.map(({ max }) => max)).toEqual([3, 1]);
  for (let left = 4; left > 0; left--) {
    await eventually('a gate', () => gates.length > 0);
    gates.shift()?.();
  }
  await eventually('all answers', () => server.finished().length === 5);
});

test('closing takes no more, lets what runs finish, and delivers every answer', async () => {
  await using server = await new FakeControlPlane().start();
  let started = 0;
  const slow = defineTask({
    name: 'slow',
    input: z.unknown(),
    output: z.object({}),
    run: async () => {
      started++;
      await sleep(100);
      return {};
    },
  });
  const service = start({ tasks: [slow], server: server.url });
  server.offer(...Array.from({ length: 8 }, () => server.trigger('slow', {})));
  await eventually('eight running, and a claim for more', () => started === 8 && server.waiting === 1);
  const closing = service.close();
  // The server does not know yet that nobody listens, and answers the open claim: that attempt must not be lost.
  server.offer(server.trigger('slow', {}));
  await sleep(30);
  server.offer(server.trigger('slow', {}));
  await closing;
  expect(server.finished().length).toBe(9);
  expect(started).toBe(9);
  expect(service.stats()).toMatchObject({ running: 0, finished: 9, answers: { waiting: 0, sent: 9 } });
});

test('a handler that outlives drainMs is told by its signal, and its attempt is left to others', async () => {
  await using server = await new FakeControlPlane().start();
  let reason: Error | undefined;
  const endless = defineTask({
    name: 'endless',
    input: z.unknown(),
    output: z.object({}),
    run: (_, { signal }) =>
      new Promise<Record<string, never>>((_, reject) =>
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          reject(signal.reason);
        }),
      ),
  });
  const service = start({ tasks: [endless], server: server.url, drainMs: 50 });
  server.offer(server.trigger('endless', {}));
  await eventually('it runs', () => service.stats().running === 1);
  await service.close();
  expect(reason?.name).toBe('ServiceEnding');
  expect(server.finished()).toEqual([]);
});
