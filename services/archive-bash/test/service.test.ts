import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { eventually, FakeControlPlane } from '../../../sdk/typescript/test/fake-control-plane.ts';

const program = fileURLToPath(new URL('../main.sh', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'slipway-archive-'));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGTERM');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(server: string, into = folder): ChildProcess {
  const env = { ...process.env, SLIPWAY_SERVER: server, ARCHIVE_FOLDER: into };
  const child = spawn('bash', [program], { env, stdio: 'ignore' });
  started.push(child);
  return child;
}

test('a service in bash and curl keeps the event as it came, and says where and what', async () => {
  await using server = await new FakeControlPlane().start();
  start(server.url);
  const event = server.trigger(
    'archive',
    { id: 'not the id', quote: '"id":"' },
    { data: { labels: { a: 'ä "b"\n' } } },
  );
  server.offer(event);
  await eventually('an answer', () => server.finished().length === 1);
  const kept = readFileSync(join(folder, `${event.id}.json`));
  expect(JSON.parse(kept.toString())).toEqual(event);
  expect(server.finished()[0]).toMatchObject({
    type: 'archive.finished',
    causationid: event.id,
    data: {
      result: 'pass',
      archive: {
        file: `${event.id}.json`,
        bytes: kept.length,
        sha256: createHash('sha256').update(kept).digest('hex'),
      },
    },
  });
});

test('a repeated attempt gets the same answer, and an answer survives a server that breaks', async () => {
  await using server = await new FakeControlPlane().start();
  let broken = 0;
  server.fault = (request) => {
    if (request.url !== '/v1/events' || ++broken > 1) return false;
    request.socket.destroy();
    return true;
  };
  start(server.url);
  const event = server.trigger('archive', {}, { type: 'sh.keptn.event.archive.triggered' });
  server.offer(event);
  await eventually('an answer', () => server.finished().length === 1);
  server.offer(event);
  await eventually('the same again', () => server.finished().length === 2);
  expect(server.finished()[1]?.data).toEqual(server.finished()[0]?.data);
  expect(server.finished()[0]?.type).toBe('sh.keptn.event.archive.finished');
});

test('SIGTERM ends it while it waits for work', async () => {
  await using server = await new FakeControlPlane().start();
  const child = start(server.url);
  await eventually('a claim', () => server.claims.length > 0);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('without a folder to keep things in it does not begin to take any', async () => {
  await using server = await new FakeControlPlane().start();
  const child = start(server.url, join(program, 'below-a-file'));
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(server.claims).toEqual([]);
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
  server.offer(server.trigger('archive', {}));
  await eventually('an answer', () => asked > 0);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 120_000);
