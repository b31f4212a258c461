import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { eventually, FakeControlPlane } from '../../../sdk/typescript/test/fake-control-plane.ts';

const program = fileURLToPath(new URL('../main.py', import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function start(server: string): ChildProcess {
  const child = spawn('python3', [program], { env: { ...process.env, SLIPWAY_SERVER: server }, stdio: 'ignore' });
  started.push(child);
  return child;
}

test('a service in Python claims, greets, and answers under the name of its task', async () => {
  await using server = await new FakeControlPlane().start();
  start(server.url);
  const event = server.trigger('greet', { name: 'Ada', country: 'DE' });
  server.offer(event, server.trigger('greet', { name: 7 }));
  await eventually('two answers', () => server.finished().length === 2);
  const [first, second] = server.finished().sort((a) => (a.causationid === event.id ? -1 : 1));
  expect(first).toMatchObject({
    type: 'greet.finished',
    causationid: event.id,
    correlationid: event.correlationid,
    data: { status: 'succeeded', result: 'pass', greet: { greeting: 'Guten Tag, Ada!' } },
  });
  expect(second?.data).toMatchObject({ status: 'errored', error: { code: 'INVALID_INPUT', retryable: false } });
});

test('an input that is no object is no fault of the service, and no repeat can help', async () => {
  await using server = await new FakeControlPlane().start();
  start(server.url);
  const inputs = [7, 'Ada', ['Ada'], [], false];
  server.offer(...inputs.map((input) => server.trigger('greet', input)));
  await eventually('all answers', () => server.finished().length === inputs.length);
  for (const { data } of server.finished()) {
    expect(data).toMatchObject({ status: 'errored', error: { code: 'INVALID_INPUT', retryable: false } });
  }
});

test('a repeated attempt gets the same answer, and an answer survives a server that breaks', async () => {
  await using server = await new FakeControlPlane().start();
  let broken = 0;
  server.fault = (request) => {
    if (request.url !== '/v1/events' || ++broken > 2) return false;
    request.socket.destroy();
    return true;
  };
  start(server.url);
  const event = server.trigger('greet', { name: 'Ada' });
  server.offer(event);
  await eventually('an answer', () => server.finished().length === 1);
  server.offer(event);
  await eventually('the same again', () => server.finished().length === 2);
  expect(server.finished()[1]).toEqual(server.finished()[0]);
});

test('SIGTERM ends it once its claim has returned, and what that brought is answered', async () => {
  await using server = await new FakeControlPlane().start();
  const child = start(server.url);
  await eventually('a claim', () => server.claims.length > 0);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  server.offer(server.trigger('greet', {}));
  expect(await ended).toEqual([0, null]);
  expect(server.finished().length).toBe(1);
});

test('SIGTERM ends it within seconds, also when nobody takes its answer any more', async () => {
  await using server = await new FakeControlPlane().start();
  let asked = 0;
  server.fault = (request) => {
    if (request.url !== '/v1/events') return false;
    asked++;
    request.socket.destroy();
    return true;
  };
  const child = start(server.url);
  server.offer(server.trigger('greet', {}));
  await eventually('an answer', () => asked > 0);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 120_000);
