import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary, RunView } from '@slipway/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** A control plane as a process of its own, whose disk takes no more: every file it writes has an upper bound. */
const cli = fileURLToPath(new URL('../../../cli/bin/slipway.js', import.meta.url));
const SHIPYARD =
  'apiVersion: slipway.dev/v1\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}]}]}]}\n';
const FILE_KB_MAX = 2000;
/** Root may write everywhere. */
const USER: { uid: number; gid: number } | { uid?: undefined } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-full-'));
  // Below it another user may have to find its way.
  chmodSync(dir, 0o755);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Answer = { status: number; retryAfter: string | null; json: Record<string, unknown> };
type Plane = AsyncDisposable & {
  pid: number;
  ask(method: string, path: string, body?: string, type?: string): Promise<Answer>;
  output(): string;
};

test('a full disk: 503 and Retry-After, nothing half done, and everything goes on when there is room again', async () => {
  await using plane = await start(`ulimit -S -f ${FILE_KB_MAX};`);
  await plane.ask('PUT', '/v1/projects/p/shipyard', SHIPYARD, 'application/yaml');
  const first = runOf(await trigger(plane, 0));
  const [attempt] = (await plane.ask('POST', '/v1/tasks/a/claim?wait=30s', '{"source":"/w"}')).json as unknown as {
    id: string;
  }[];

  const accepted = [first];
  let refused: Answer | undefined;
  for (let count = 1; refused === undefined && count < 1000; count++) {
    const answer = await trigger(plane, count);
    if (answer.status === 202) accepted.push(runOf(answer));
    else refused = answer;
  }
  expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^[1-9]$/) });
  expect(refused?.json).toMatchObject({ code: 'store-unavailable', detail: expect.stringContaining('try again') });

  // An answer, an upload and a project that cannot be kept are refused in the same way.
  const text = 'x'.repeat(200_000);
  const done = { ...event('answer', 'a.finished'), causationid: attempt?.id, data: { a: { text } } };
  const answering = (): Promise<Answer> => plane.ask('POST', '/v1/events', JSON.stringify(done), EVENT_TYPE);
  const upload = `# ${text}\n${SHIPYARD.replace('name: seq', 'name: other')}`;
  const uploading = (): Promise<Answer> => plane.ask('PUT', '/v1/projects/late/shipyard', upload, 'application/yaml');
  for (const answer of [await answering(), await uploading()])
    expect(answer).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^[1-9]$/) });

  expect((await plane.ask('GET', '/livez')).status).toBe(200);
  expect((await runs(plane)).map((run) => run.id).sort()).toEqual([...accepted].sort());
  expect((await plane.ask('GET', `/v1/runs/${first}`)).json).toMatchObject({ state: 'running' });
  expect((await plane.ask('GET', '/v1/projects/late')).status).toBe(404);

  limitFiles(plane, 'unlimited');
  await expect.poll(async () => (await answering()).status).toBe(202);
  expect((await uploading()).status).toBe(201);
  const again = await trigger(plane, accepted.length);
  expect(again.status).toBe(202);
  const view = (await plane.ask('GET', `/v1/runs/${first}`)).json as unknown as RunView;
  expect(view).toMatchObject({ state: 'finished', result: 'pass', tasks: [{ attempts: [{ number: 1 }] }] });
  expect((await runs(plane)).map((run) => run.id).sort()).toEqual([...accepted, runOf(again)].sort());
}, 180_000);

test('a disk on which nothing can be written any more, as one that went read-only: 503 for all that must be kept, reads go on', async () => {
  await using plane = await start('');
  await plane.ask('PUT', '/v1/projects/p/shipyard', SHIPYARD, 'application/yaml');
  const accepted = [runOf(await trigger(plane, 0)), runOf(await trigger(plane, 1))];
  const claimed = await plane.ask('POST', '/v1/tasks/a/claim?wait=30s', '{"source":"/w"}');
  const [attempt] = claimed.json as unknown as { id: string; subject: string }[];
  const done = { ...event('answer', 'a.finished'), causationid: attempt?.id };
  const answering = (): Promise<Answer> => plane.ask('POST', '/v1/events', JSON.stringify(done), EVENT_TYPE);
  const held = `/v1/runs/${attempt?.subject}`;
  // The claim's note is durable a moment later.
  const started = { tasks: [{ attempts: [{ startedAt: expect.any(Number) }] }] };
  await expect.poll(async () => (await plane.ask('GET', held)).json).toMatchObject(started);

  limitFiles(plane, '0');
  const pausing = (): Promise<Answer> => plane.ask('POST', `${held}/pause`);
  for (const refused of [await trigger(plane, 2), await answering(), await pausing()]) {
    expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^[1-9]$/) });
    expect(refused.json).toMatchObject({ code: 'store-unavailable' });
  }
  expect((await plane.ask('GET', '/readyz')).status).toBe(503);
  expect((await plane.ask('GET', '/livez')).status).toBe(200);
  expect((await runs(plane)).map((run) => run.id).sort()).toEqual([...accepted].sort());
  expect((await plane.ask('GET', held)).json).toMatchObject({ state: 'running' });

  limitFiles(plane, 'unlimited');
  await expect.poll(async () => (await answering()).status).toBe(202);
  accepted.push(runOf(await trigger(plane, 2)));
  expect((await plane.ask('GET', held)).json).toMatchObject({ state: 'finished', result: 'pass' });
  expect((await runs(plane)).map((run) => run.id).sort()).toEqual([...accepted].sort());
}, 180_000);

test('the right to write its files is taken away while it runs: what it has open stays so, and the next start is refused', async () => {
  const data = join(dir, 'data');
  mkdirSync(data);
  if (USER.uid !== undefined) chownSync(data, USER.uid, USER.gid);
  const mayWrite = (may: boolean): void => {
    for (const file of readdirSync(data)) chmodSync(join(data, file), may ? 0o644 : 0o444);
    chmodSync(data, may ? 0o755 : 0o555);
  };
  const accepted: string[] = [];
  {
    await using plane = await start('', USER);
    await plane.ask('PUT', '/v1/projects/p/shipyard', SHIPYARD, 'application/yaml');
    accepted.push(runOf(await trigger(plane, 0)));
    mayWrite(false);
    for (let count = 1; count <= 20; count++) accepted.push(runOf(await trigger(plane, count)));
    expect(accepted).not.toContain('');
  }
  const refused = spawn(process.execPath, [cli, ...serveArgs()], { ...USER, cwd: '/', stdio: 'ignore' });
  expect(await new Promise<number | null>((resolve) => refused.once('exit', resolve))).toBe(3);
  mayWrite(true);
  await using plane = await start('', USER);
  expect((await runs(plane)).map((run) => run.id).sort()).toEqual([...accepted].sort());
}, 180_000);

test('a data folder that cannot be written is said so at the start, and nothing in it is changed', async () => {
  const data = join(dir, 'data');
  {
    await using plane = await start('');
    await plane.ask('PUT', '/v1/projects/p/shipyard', SHIPYARD, 'application/yaml');
  }
  for (const file of readdirSync(data)) chmodSync(join(data, file), 0o444);
  chmodSync(data, 0o555);
  const child = spawn(process.execPath, [cli, ...serveArgs()], {
    ...USER,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = textOf(child);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  chmodSync(data, 0o755);
  expect(said()).toMatch(/could not start: .*data.* cannot be written/);
  expect(code).toBe(3);
});

const EVENT_TYPE = 'application/cloudevents+json';

function event(id: string, type: string): Record<string, unknown> {
  return { specversion: '1.0', id, source: '/w', type };
}

function trigger(plane: Plane, count: number): Promise<Answer> {
  const data = { project: 'p', text: 'x'.repeat(20_000) };
  const body = JSON.stringify({ ...event(`t${count}`, 'dev.seq.triggered'), data });
  return plane.ask('POST', '/v1/events', body, EVENT_TYPE);
}

function runOf({ json }: Answer): string {
  return (json.items as { run: string }[])[0]?.run ?? '';
}

async function runs(plane: Plane): Promise<RunSummary[]> {
  return (await plane.ask('GET', '/v1/runs?limit=1000')).json.items as RunSummary[];
}

function serveArgs(): string[] {
  return ['serve', '--listen', '127.0.0.1:0', '--data', join(dir, 'data'), '--log-level', 'warn'];
}

/** How far a process that runs may write into a file: what it has open already is bound by it, too. */
function limitFiles({ pid }: Plane, bytes: string): void {
  execFileSync('prlimit', [`--fsize=${bytes}:`, '--pid', String(pid)]);
}

/** Starts it by a shell that runs `before` first. */
async function start(before: string, user: typeof USER = {}): Promise<Plane> {
  const args = ['-c', `${before} exec "$0" "$@"`, process.execPath, cli, ...serveArgs()];
  const child = spawn('bash', args, { ...user, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  const output = textOf(child);
  await expect.poll(output).toMatch(/listens on http/);
  const url = /listens on (http:\S+)/.exec(output())?.[1] ?? '';
  return {
    pid: child.pid ?? 0,
    output,
    async ask(method, path, body, type = 'application/json') {
      const init = body === undefined ? { method } : { method, body, headers: { 'content-type': type } };
      const answer = await fetch(`${url}${path}`, init);
      const text = await answer.text();
      return {
        status: answer.status,
        retryAfter: answer.headers.get('retry-after'),
        json: text === '' ? {} : JSON.parse(text),
      };
    },
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function textOf(child: { stdout: NodeJS.ReadableStream | null; stderr: NodeJS.ReadableStream | null }): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return () => text;
}
