import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { freePort, startNats } from '../../../tools/test-servers.ts';
import { defineTask, type ServeOptions, type Service, serve, silentLogger } from '../src/index.ts';
import { eventually } from './fake-control-plane.ts';
import { NatsWorld } from './nats-world.ts';

const services: Service[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close().catch(() => {});
});

async function start(options: ServeOptions): Promise<Service> {
  const service = serve({
    log: silentLogger,
    signals: false,
    drainMs: 2_000,
    connect: 'nats',
    name: 'doubler',
    ...options,
  });
  services.push(service);
  await service.ready;
  return service;
}

const double = defineTask({
  name: 'double',
  input: z.object({ n: z.number() }),
  output: z.object({ twice: z.number() }),
  run: ({ n }) => ({ twice: 2 * n }),
});

test('a trigger on NATS is started, answered in its own spelling, and acked once its answer is stored', async () => {
  await using nats = await NatsWorld.start();
  const service = await start({ tasks: [double], nats: nats.url, version: '3' });
  const plain = nats.trigger('double', { n: 2 });
  const keptn = nats.trigger(
    'double',
    { n: 3 },
    {
      ...{ type: 'sh.keptn.event.double.triggered', shkeptncontext: 'k', correlationid: 'k' },
      data: { labels: { a: 'b' }, status: 'succeeded', result: 'warning', message: 'hello' },
    },
  );
  await eventually('two answers', () => nats.finished().length === 2);
  expect(nats.hellos[0]).toMatchObject({ source: '/doubler', tasks: ['double'], version: '3', way: 'nats' });
  const [first, second] = nats.finished();
  const plainAnswer = first?.causationid === undefined ? second : first;
  const keptnAnswer = plainAnswer === first ? second : first;
  expect(plainAnswer).toMatchObject({ type: 'double.finished', causationid: plain.id, data: { double: { twice: 4 } } });
  expect(keptnAnswer).toMatchObject({
    type: 'sh.keptn.event.double.finished',
    triggeredid: keptn.id,
    shkeptncontext: 'k',
  });
  // What ends at once has nothing to say before it; services of Keptn always do.
  await eventually('the books', () => service.stats().answers.sent === 3);
  const started = nats.answers.find(({ type }) => type === 'sh.keptn.event.double.started');
  expect(started?.data).toEqual({
    ...{ project: 'default', stage: 'dev', labels: { a: 'b' } },
    ...{ status: 'succeeded', result: 'warning', message: 'hello' },
  });
  await eventually('all acks', async () => (await nats.left('doubler_double_plain')) === 0);
  await eventually('all acks of Keptn', async () => (await nats.left('doubler_double_keptn')) === 0);
  expect(await nats.stored('SLIPWAY_IN')).toBe(3);
});

test('two thousand triggers over two replicas are each answered once', async () => {
  await using nats = await NatsWorld.start();
  const one = await start({ tasks: [double], nats: nats.url, concurrency: 64 });
  const two = await start({ tasks: [double], nats: nats.url, concurrency: 64 });
  for (let n = 0; n < 2_000; n++) nats.trigger('double', { n });
  await eventually('all answers', () => nats.finished().length === 2_000);
  expect(new Set(nats.finished().map((event) => event.causationid)).size).toBe(2_000);
  expect(one.stats().started + two.stats().started).toBe(2_000);
});

test('an attempt that is delivered again is answered from memory, and while it runs it is not started again', async () => {
  await using nats = await NatsWorld.start();
  const runs: string[] = [];
  const gate = Promise.withResolvers<Record<string, never>>();
  const slow = defineTask({
    name: 'slow',
    input: z.object({ isGated: z.boolean() }),
    output: z.object({}),
    run: ({ isGated }, { attemptId }) => {
      runs.push(attemptId);
      return isGated ? gate.promise : {};
    },
  });
  const service = await start({ tasks: [slow], nats: nats.url });
  const event = nats.trigger('slow', { isGated: true });
  nats.trigger('slow', { isGated: true }, { id: event.id });
  // What comes behind the repeat is done, so the repeat was seen.
  const behind = nats.trigger('slow', { isGated: false });
  await eventually('the one behind', () => nats.finished().length === 1);
  gate.resolve({});
  await eventually('an answer', () => nats.finished().length === 2);
  nats.trigger('slow', { isGated: true }, { id: event.id });
  await eventually('it was repeated', () => service.stats().repeated === 1);
  await eventually('a second answer', () => nats.finished().length === 3);
  expect(runs).toEqual([event.id, behind.id]);
  expect(nats.finished()[2]).toEqual(nats.finished()[1]);
  await eventually('all acks', async () => (await nats.left('doubler_slow_plain')) === 0);
});

test('cancelling aborts the handler, acks the trigger, and sends no answer', async () => {
  await using nats = await NatsWorld.start();
  const wait = defineTask({
    name: 'wait',
    input: z.unknown(),
    output: z.object({}),
    run: async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return {};
    },
  });
  const service = await start({ tasks: [wait], nats: nats.url });
  const event = nats.trigger('wait', {});
  await eventually('it runs', () => service.stats().running === 1);
  nats.publish('slipway.default.wait.cancelled', {
    ...{
      specversion: '1.0',
      id: `${event.id}.cancelled`,
      source: 'slipway',
      type: 'wait.cancelled',
      causationid: event.id,
    },
    data: {},
  });
  await eventually('it was dropped', () => service.stats().dropped === 1);
  await eventually('the ack', async () => (await nats.left('doubler_wait_plain')) === 0);
  expect(nats.finished()).toEqual([]);
});

test('a service that ends gives back what it could not finish, and another replica does it', async () => {
  await using nats = await NatsWorld.start();
  const stuck = (result: number) =>
    defineTask({
      name: 'stuck',
      input: z.unknown(),
      output: z.object({ result: z.number() }),
      run: async (_, { signal }) => {
        if (result === 1)
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        return { result };
      },
    });
  const one = await start({ tasks: [stuck(1)], nats: nats.url, drainMs: 20 });
  nats.trigger('stuck', {});
  await eventually('it runs', () => one.stats().running === 1);
  await start({ tasks: [stuck(2)], nats: nats.url });
  await one.close();
  // Without being given back it would come after the broker's ack wait of 30 s.
  await eventually('an answer', () => nats.finished().length === 1, 25_000);
  expect(nats.finished()[0]?.data).toMatchObject({ stuck: { result: 2 } });
});

test('a service that ends has no request open that the broker could serve', async () => {
  await using nats = await NatsWorld.start();
  const gate = Promise.withResolvers<Record<string, never>>();
  const held = defineTask({ name: 'held', input: z.unknown(), output: z.object({}), run: () => gate.promise });
  const service = await start({ tasks: [held], nats: nats.url, drainMs: 60_000 });
  nats.trigger('held', {});
  await eventually('it runs', () => service.stats().running === 1);
  await expect.poll(() => nats.waiting('doubler_held_plain')).toBeGreaterThan(0);
  const closing = service.close();
  // Long before its requests would end by themselves.
  await expect.poll(() => nats.waiting('doubler_held_plain'), { timeout: 20_000 }).toBe(0);
  expect(service.stats().running).toBe(1);
  gate.resolve({});
  await closing;
});

test('closing lets running handlers finish and stores their answers', async () => {
  await using nats = await NatsWorld.start();
  const gate = Promise.withResolvers<Record<string, never>>();
  const slow = defineTask({
    name: 'slow',
    input: z.unknown(),
    output: z.object({}),
    run: () => gate.promise,
  });
  const service = await start({ tasks: [slow], nats: nats.url });
  for (let n = 0; n < 8; n++) nats.trigger('slow', {});
  await eventually('eight running', () => service.stats().running === 8);
  const closing = service.close();
  gate.resolve({});
  await closing;
  expect(await nats.stored('SLIPWAY_IN')).toBe(16);
  expect(await nats.left('doubler_slow_plain')).toBe(0);
});

test('a broker that is killed and comes back costs no answer', async () => {
  await using nats = await NatsWorld.start();
  const gates: (() => void)[] = [];
  const gate = defineTask({
    name: 'gate',
    input: z.unknown(),
    output: z.object({}),
    run: () => new Promise<Record<string, never>>((resolve) => gates.push(() => resolve({}))),
  });
  const service = await start({ tasks: [gate], nats: nats.url });
  for (let n = 0; n < 4; n++) nats.trigger('gate', {});
  await eventually('four running', () => gates.length === 4);
  const back = nats.restart();
  await sleep(100);
  for (const open of gates) open();
  await back;
  await eventually('all is stored', () => service.stats().answers.waiting === 0 && service.stats().finished === 4);
  await eventually('the trigger after it', () => {
    if (service.stats().started === 4) nats.trigger('gate', {}, { id: 'run-9.gate.1' });
    return gates.length >= 5;
  });
  gates[4]?.();
  await eventually('its answer', () => service.stats().finished === 5 && service.stats().answers.waiting === 0);
});

test('streams that are removed and made again are found again', async () => {
  await using nats = await NatsWorld.start();
  await start({ tasks: [double], nats: nats.url });
  await nats.removeStreams();
  await sleep(100);
  await nats.makeStreams();
  await eventually('hello again', () => nats.hellos.length >= 2);
  nats.trigger('double', { n: 1 });
  await eventually('an answer', () => nats.finished().length === 1);
});

test('only what the filter lets through is done, and the rest is acked', async () => {
  await using nats = await NatsWorld.start();
  await start({ tasks: [double], nats: nats.url, filter: { project: 'mine', stage: 'prod' } });
  nats.trigger('double', { n: 1 }, { data: { project: 'mine', stage: 'dev' } });
  nats.trigger('double', { n: 1 }, { data: { project: 'other', stage: 'prod' } });
  nats.trigger('double', { n: 9 }, { data: { project: 'mine', stage: 'prod' } });
  await eventually('an answer', () => nats.finished().length === 1);
  expect(nats.finished()[0]?.data).toMatchObject({ double: { twice: 18 } });
  await eventually('all acks', async () => (await nats.left('doubler_double_plain_mine')) === 0);
});

test('a broker that is not there yet is waited for, also with a password; a wrong password ends the service', async () => {
  const port = await freePort();
  const said: string[] = [];
  const log = { ...silentLogger, warn: (_: object, message: string) => void said.push(message) };
  const service = serve({
    ...{ tasks: [double], connect: 'nats', log, signals: false },
    nats: `nats://me:it%27s@127.0.0.1:${port}`,
  });
  services.push(service);
  await eventually('it says that it waits', () => said.length > 0);
  await using server = await startNats({ port, config: `authorization { user: me, password: "it's" }` });
  // It is in, and waits for what the control plane makes there.
  await eventually('it connects', () => said.includes('waiting for JetStream'));
  expect(said[0]).toBe('no NATS server answers: trying again');
  const wrong = serve({
    ...{ tasks: [double], connect: 'nats', log: silentLogger, signals: false },
    nats: server.url.replace('//', '//me:wrong@'),
  });
  await expect(wrong.closed).rejects.toThrow(/authorization/i);
});

test('a service whose broker never comes ends when it is told to', async () => {
  const service = serve({
    ...{ tasks: [double], connect: 'nats', log: silentLogger, signals: false },
    nats: `nats://127.0.0.1:${await freePort()}`,
  });
  await sleep(50);
  await service.close();
  await service.ready;
});
