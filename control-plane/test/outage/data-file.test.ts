import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask, DataFolder, type Served, SHIPYARD, START_MS } from './data-folder.ts';

const GONE = /slipway\.db\S* was deleted or replaced/;

/** Files of the data folder go away while a process works on them. SQLite goes on writing, into files without a name. */
let folder: DataFolder;
let served: Served;
beforeEach(async () => {
  folder = new DataFolder();
  served = await folder.serve();
  await ask(served.url, 'PUT', '/v1/projects/default/shipyard', SHIPYARD);
  expect(await trigger('before')).toMatchObject({ status: 202 });
}, START_MS);
afterEach(() => folder.remove());

function trigger(id: string): ReturnType<typeof ask> {
  const event = { specversion: '1.0', id, source: '/t', type: 'dev.seq.triggered' };
  return ask(served.url, 'POST', '/v1/events', JSON.stringify(event));
}

const files = (): string[] => readdirSync(folder.path).filter((name) => name.startsWith('slipway.db'));

function move(names: string[], from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of names) renameSync(join(from, name), join(to, name));
}

async function expectRefusal(why: RegExp): Promise<void> {
  const refused = { status: 503, json: { code: 'store-unavailable' } };
  expect(await trigger('meanwhile')).toMatchObject(refused);
  const ready = await ask(served.url, 'GET', '/readyz');
  expect(ready).toMatchObject({ status: 503, json: { ready: false } });
  expect(JSON.stringify(ready.json)).toMatch(why);
  // A second one, after the answers that others share.
  expect(await trigger('meanwhile, again')).toMatchObject(refused);
  await expect.poll(served.output).toMatch(why);
  // Once, however many ask.
  expect(served.output().match(/no work is taken/g)).toHaveLength(1);
}

test.each([
  ['the database', () => files()],
  ['its write-ahead log', () => ['slipway.db-wal']],
])(
  '%s is deleted: no work is taken, and the log and /readyz say why',
  async (_what, names) => {
    for (const name of names()) rmSync(join(folder.path, name));
    await expectRefusal(GONE);
  },
  START_MS,
);

test(
  'the database is replaced by a copy: no work is taken',
  async () => {
    const path = join(folder.path, 'slipway.db');
    copyFileSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
    await expectRefusal(GONE);
  },
  START_MS,
);

test(
  'the database is moved away and back: work goes on, with everything that was there',
  async () => {
    const names = files();
    const away = `${folder.path}-away`;
    move(names, folder.path, away);
    await expectRefusal(GONE);
    move(names, away, folder.path);
    await expect.poll(async () => (await ask(served.url, 'GET', '/readyz')).status, { timeout: START_MS }).toBe(200);
    expect(await trigger('before')).toMatchObject({ status: 200 });
    expect(await trigger('afterwards')).toMatchObject({ status: 202 });
  },
  START_MS,
);

test(
  'the database is damaged under a running process: no work is taken, and /readyz says so',
  async () => {
    // The pages in memory hide it for a while, so every page on the disk has to go, in the log as well.
    for (const [name, from] of [
      ['slipway.db', 4096],
      ['slipway.db-wal', 32],
    ] as const) {
      const path = join(folder.path, name);
      const file = openSync(path, 'r+');
      writeSync(file, Buffer.alloc(Math.max(0, statSync(path).size - from), 0xff), 0, undefined, from);
      closeSync(file);
    }
    await expect
      .poll(
        async () => {
          await ask(served.url, 'GET', '/v1/runs');
          await trigger(`damaged-${performance.now()}`);
          return (await ask(served.url, 'GET', '/readyz')).status;
        },
        { timeout: START_MS / 2 },
      )
      .toBe(503);
    await expectRefusal(/slipway\.db is damaged/);
  },
  START_MS,
);

test.each([
  ['without its lock file', ['slipway.lock']],
  ['with the lock file in place', []],
])(
  'a second process does not start on a data folder in use, %s',
  async (_how, removed) => {
    for (const name of removed) rmSync(join(folder.path, name));
    const second = folder.start();
    expect([await second.code, second.output()]).toEqual([
      expect.any(Number),
      expect.stringContaining('another Slipway uses the data folder'),
    ]);
    expect(second.output()).not.toMatch(/listens on/);
    expect(await trigger('afterwards')).toMatchObject({ status: 202 });
  },
  START_MS,
);
