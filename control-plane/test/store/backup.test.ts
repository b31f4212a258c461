import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const DOC = readFileSync(join(ROOT, 'docs', 'operating', 'kubernetes.md'), 'utf8');
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: backup}
spec:
  stages:
    - {name: dev, sequences: [{name: once, tasks: [{name: work}]}, {name: hold, tasks: [{name: held}]}]}
`;
const READY_MS = 60_000;

const work = mkdtempSync(join(tmpdir(), 'slipway-backup-'));
const planes: ChildProcess[] = [];

afterAll(() => {
  for (const plane of planes) plane.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
});

/** A control plane as a process of its own, on this folder. */
async function start(dir: string): Promise<Plane> {
  const args = [join(ROOT, 'cli/bin/slipway.js'), 'serve', '--listen', '127.0.0.1:0', '--data', dir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  planes.push(child);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stdout.on('data', (chunk: Buffer) => {
    const url = /listens on (\S+)/.exec(chunk.toString())?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once('exit', (code) => reject(new Error(`the control plane ended with ${code}`)));
  const timer = setTimeout(() => reject(new Error('the control plane is not ready')), READY_MS);
  return new Plane(child, await promise.finally(() => clearTimeout(timer)));
}

class Plane {
  readonly #child: ChildProcess;
  readonly #url: string;

  constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  async ask(method: string, path: string, body?: unknown, type = 'application/json'): Promise<unknown> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { 'content-type': type },
      ...(text === undefined ? {} : { body: text }),
    });
    return response.status === 204 ? undefined : response.json();
  }

  shipyard(): Promise<unknown> {
    return this.ask('PUT', '/v1/projects/backup/shipyard', SHIPYARD, 'application/yaml');
  }

  async trigger(id: string, sequence = 'once'): Promise<string> {
    const data = { project: 'backup' };
    const event = { specversion: '1.0', id, source: '/test', type: `dev.${sequence}.triggered`, data };
    const { items } = (await this.ask('POST', '/v1/events', event)) as { items: { run: string }[] };
    return items[0]?.run ?? '';
  }

  /** Claims one attempt and answers it; answers its run. */
  async answer(task = 'work'): Promise<string> {
    const claim = { source: '/test', project: 'backup' };
    const [attempt] = (await this.ask('POST', `/v1/tasks/${task}/claim?wait=30s&max=1`, claim)) as { id: string }[];
    const id = attempt?.id ?? '';
    const data = { result: 'pass', [task]: { of: id } };
    const event = {
      specversion: '1.0',
      id: `answer-${id}`,
      source: '/test',
      type: `${task}.finished`,
      causationid: id,
      data,
    };
    await this.ask('POST', '/v1/events', event);
    return id.split('.')[0] ?? '';
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** The lines of the page below this heading or comment, as they run in the pod: here `/data` is another folder. */
function linesOf(pattern: RegExp, data: string): string[] {
  const lines = DOC.split('\n').filter((line) => pattern.test(line));
  return lines.map((line) =>
    line.replace(/^kubectl -n slipway exec (-i )?\S+ -- /, '').replaceAll('/data/', `${data}/`),
  );
}

async function inPod(line: string): Promise<void> {
  // The node of the pod is the one that runs the control plane.
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  await promisify(execFile)('bash', ['-euc', line], { cwd: work, env: { ...process.env, PATH: path } });
}

test('the backup of the page, made under load and put in place of another store, has the runs it had; open ones go on', async () => {
  const [from, to] = [join(work, 'from'), join(work, 'to')];
  const first = await start(from);
  await first.shipyard();
  const finished: string[] = [];
  for (let n = 0; n < 10; n++) {
    await first.trigger(`finished-${n}`);
    finished.push(await first.answer());
  }
  const open = await first.trigger('open', 'hold');

  let loads = true;
  const load = (async () => {
    for (let n = 0; loads; n++) await first.trigger(`load-${n}`);
    return first.trigger('after');
  })();
  const backup = linesOf(/exec slipway-0 -- (node|cat|rm) /, from);
  expect(backup).toHaveLength(3);
  for (const line of backup) await inPod(line);
  loads = false;
  const after = await load;
  expect(existsSync(join(from, 'backup.db'))).toBe(false);
  const before = await Promise.all(finished.map((run) => first.ask('GET', `/v1/runs/${run}`)));
  await first.stop();

  const other = await start(to);
  await other.shipyard();
  const strange = await other.trigger('of-the-other-store');
  await other.stop();
  const restore = linesOf(/exec -i slipway-restore -- /, to);
  expect(restore).toHaveLength(1);
  for (const line of restore) await inPod(line);

  const second = await start(to);
  expect(await Promise.all(finished.map((run) => second.ask('GET', `/v1/runs/${run}`)))).toEqual(before);
  expect(await second.ask('GET', `/v1/runs/${strange}`)).toMatchObject({ code: 'unknown-run' });
  expect(await second.ask('GET', `/v1/runs/${after}`)).toMatchObject({ code: 'unknown-run' });
  expect(await second.answer('held')).toBe(open);
  await expect
    .poll(() => second.ask('GET', `/v1/runs/${open}`))
    .toMatchObject({ state: 'finished', result: 'pass', tasks: [{ output: { of: expect.any(String) } }] });
  await second.stop();
}, 180_000);
