import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { eventually, FakeControlPlane } from './fake-control-plane.ts';
import { NatsWorld } from './nats-world.ts';

const program = fileURLToPath(new URL('./slow-service.ts', import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function start(env: Record<string, string>): ChildProcess {
  const child = fork(program, { env: { ...process.env, ...env }, stdio: 'ignore' });
  started.push(child);
  return child;
}

test('SIGTERM: what runs is finished and answered, nothing new is taken, and the process ends with 0', async () => {
  await using server = await new FakeControlPlane().start();
  const child = start({ SLIPWAY_SERVER: server.url });
  await eventually('a claim', () => server.claims.length > 0);
  server.offer(...Array.from({ length: 8 }, () => server.trigger('slow', { ms: 300 })));
  await eventually('they are taken, and more is claimed', () => server.claims.length > 1 && server.waiting === 1);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await eventually('nobody claims', () => server.waiting === 0);
  const late = server.trigger('slow', { ms: 1 });
  server.offer(late);
  expect(await ended).toEqual([0, null]);
  expect(server.finished().length).toBe(8);
  expect(server.finished().some((event) => event.causationid === late.id)).toBe(false);
});

test('SIGTERM while the server is away: the answers wait for it', async () => {
  await using server = await new FakeControlPlane().start();
  let away = false;
  server.fault = (request) => {
    if (away) request.socket.destroy();
    return away;
  };
  const child = start({ SLIPWAY_SERVER: server.url });
  await eventually('a claim', () => server.claims.length > 0);
  server.offer(server.trigger('slow', { ms: 200 }), server.trigger('slow', { ms: 200 }));
  await eventually('they are taken', () => server.claims.length > 1);
  away = true;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  setTimeout(() => {
    away = false;
  }, 800);
  expect(await ended).toEqual([0, null]);
  expect(server.finished().length).toBe(2);
});

test('SIGTERM on NATS drains the same way', async () => {
  await using nats = await NatsWorld.start();
  const child = start({ SLIPWAY_NATS: nats.url });
  await eventually('hello', () => nats.hellos.length > 0);
  for (let n = 0; n < 4; n++) nats.trigger('slow', { ms: 300 });
  await eventually('four started', () => nats.answers.length >= 4);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(nats.finished().length).toBe(4);
  expect(await nats.left('slow_slow_plain')).toBe(0);
});

test('a second signal ends the process at once', async () => {
  await using server = await new FakeControlPlane().start();
  const child = start({ SLIPWAY_SERVER: server.url });
  await eventually('a claim', () => server.claims.length > 0);
  server.offer(server.trigger('slow', { ms: 60_000 }));
  await eventually('it is taken, and more is claimed', () => server.claims.length > 1 && server.waiting === 1);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await eventually('the first signal is heard', () => server.waiting === 0);
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
});

test('a service that is refused for good says why and ends with an exit code', async () => {
  await using server = await new FakeControlPlane().start();
  server.fault = (_, response) => {
    const problem = { type: '/x', title: 'No', status: 401, code: 'unauthorized', detail: 'the token is not known' };
    response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    return true;
  };
  const child = fork(program, {
    env: { ...process.env, SLIPWAY_SERVER: server.url },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  started.push(child);
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(said).toContain('401 unauthorized: the token is not known');
});
