import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent } from '@slipway/contract';
import { encodeHttp } from '@slipway/contract';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask, type ServeOptions, type Service, serve, silentLogger } from '../src/index.ts';
import { eventually, FakeControlPlane } from './fake-control-plane.ts';

const services: Service[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close().catch(() => {});
});

async function start(server: FakeControlPlane, options: ServeOptions): Promise<{ service: Service; sink: string }> {
  const service = serve({
    ...{ log: silentLogger, signals: false, drainMs: 2_000, connect: 'push', server: server.url, name: 'worker' },
    ...options,
  });
  services.push(service);
  await service.ready;
  return { service, sink: server.subscriptions.get('worker')?.sink ?? '' };
}

async function deliver(sink: string, event: CloudEvent, mode: 'binary' | 'structured' = 'structured') {
  const { headers, body } = encodeHttp(event, mode);
  const response = await fetch(sink, { method: 'POST', headers, body: String(body) });
  const text = await response.text();
  return { status: response.status, event: text === '' ? undefined : JSON.parse(text) };
}

const wait = defineTask({
  name: 'wait',
  input: z.object({ ms: z.number() }),
  output: z.object({ waited: z.number() }),
  run: async ({ ms }, { signal }) => {
    if (ms > 0) await sleep(ms, undefined, { signal });
    return { waited: ms };
  },
});

test('it subscribes with its own address, and ends the subscription with itself', async () => {
  await using server = await new FakeControlPlane().start();
  const { service, sink } = await start(server, { tasks: [wait], filter: { project: 'p' } });
  expect(server.subscriptions.get('worker')).toEqual({
    sink: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    types: ['wait.triggered', 'wait.cancelled'],
    project: 'p',
    mode: 'execute',
  });
  await service.close();
  expect(server.subscriptions.size).toBe(0);
  await expect(fetch(sink)).rejects.toThrow();
});

test('what ends quickly is answered in the response, in both modes, by the name the control plane knows', async () => {
  await using server = await new FakeControlPlane().start();
  const { sink } = await start(server, { tasks: [wait], push: { inlineMs: 1_000 } });
  for (const mode of ['binary', 'structured'] as const) {
    const event = server.trigger('wait', { ms: 0 });
    const answered = await deliver(sink, event, mode);
    expect(answered).toMatchObject({
      status: 200,
      event: { type: 'wait.finished', source: sink, causationid: event.id, data: { wait: { waited: 0 } } },
    });
  }
  expect(server.answers).toEqual([]);
});

test('what takes longer is taken with 202 and answered by a POST; a repeat is neither run nor answered twice', async () => {
  await using server = await new FakeControlPlane().start();
  const gate = Promise.withResolvers<Record<string, never>>();
  const gated = defineTask({ name: 'gated', input: z.unknown(), output: z.object({}), run: () => gate.promise });
  const { service, sink } = await start(server, { tasks: [gated] });
  const event = server.trigger('gated', {});
  expect((await deliver(sink, event)).status).toBe(202);
  expect((await deliver(sink, event)).status).toBe(202);
  gate.resolve({});
  await eventually('an answer', () => server.finished().length === 1);
  expect(server.finished()[0]).toMatchObject({ source: sink, causationid: event.id });
  const again = await deliver(sink, event);
  expect(again).toMatchObject({ status: 200, event: { id: server.finished()[0]?.id } });
  expect(service.stats()).toMatchObject({ started: 1, repeated: 1 });
});

test('a delivery waits for a slot, and a cancelled attempt is not answered', async () => {
  await using server = await new FakeControlPlane().start();
  const { service, sink } = await start(server, { tasks: [wait], concurrency: 1 });
  const endless = server.trigger('wait', { ms: 60_000 });
  expect((await deliver(sink, endless)).status).toBe(202);
  const waiting = deliver(sink, server.trigger('wait', { ms: 0 }));
  await sleep(30);
  const cancel = { ...endless, id: `${endless.id}.cancelled`, type: 'wait.cancelled', causationid: endless.id };
  expect((await deliver(sink, cancel)).status).toBe(204);
  expect((await waiting).status).toBe(200);
  await eventually('it was dropped', () => service.stats().dropped === 1);
  expect(server.answers).toEqual([]);
});

test('an attempt that was taken and outlives the service may be tried again, which the answer says', async () => {
  await using server = await new FakeControlPlane().start();
  const { service, sink } = await start(server, { tasks: [wait], drainMs: 30 });
  await deliver(sink, server.trigger('wait', { ms: 60_000 }));
  await service.close();
  expect(server.finished()[0]?.data).toMatchObject({ status: 'errored', error: { code: 'SERVICE_ENDED' } });
});

test('what is no event, or for nobody here, is refused', async () => {
  await using server = await new FakeControlPlane().start();
  const { sink } = await start(server, { tasks: [wait] });
  const post = (body: string, headers = { 'content-type': 'application/cloudevents+json' }) =>
    fetch(sink, { method: 'POST', body, headers });
  expect((await post('{')).status).toBe(400);
  expect((await deliver(sink, server.trigger('other', {}))).status).toBe(404);
  expect((await deliver(sink, { ...server.trigger('wait', {}), type: 'wait.started' })).status).toBe(204);
  expect((await fetch(sink, { method: 'DELETE' })).status).toBe(405);
});

test('a sink that the control plane refuses ends the service with the refusal', async () => {
  await using server = await new FakeControlPlane().start();
  server.fault = (_, response) => {
    const problem = { type: '/x', title: 'No', status: 422, code: 'invalid-sink', detail: 'not there' };
    response.writeHead(422, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    return true;
  };
  const service = serve({ tasks: [wait], connect: 'push', server: server.url, log: silentLogger, signals: false });
  await expect(service.closed).rejects.toMatchObject({ code: 'invalid-sink' });
});
