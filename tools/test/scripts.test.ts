import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../root.ts';
import { programPath } from '../test-servers.ts';

/** Scripts that a person starts by hand, in a clone that has its packages and no `.cache`. */
const MEASURED = ['main', 'web', 'growth', 'evaluations', 'refusal'];
const SCRIPTS = [
  ...MEASURED.map((name) => ['tools/bench.mjs', name]),
  ['tools/simulate.mjs'],
  ['tools/crash-loop.mjs'],
].map((args) => ({
  args,
}));
const LEFT_OUT = new Set(['.cache', '.git', 'node_modules', 'web']);

let clone: string;
beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'slipway-clone-'));
  for (const name of readdirSync(ROOT)) {
    if (LEFT_OUT.has(name)) continue;
    cpSync(join(ROOT, name), join(clone, name), {
      recursive: true,
      filter: (from) => !from.endsWith('node_modules') && !from.endsWith('/dist'),
    });
  }
  // Packages link to the folders of their own clone; what a script starts is there all the same.
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  if (existsSync(join(ROOT, 'cli', 'node_modules')))
    symlinkSync(join(ROOT, 'cli', 'node_modules'), join(clone, 'cli', 'node_modules'));
});
afterAll(() => rmSync(clone, { recursive: true, force: true }));

interface Ran {
  code: number;
  out: string;
  error: string;
}

function run(...args: string[]): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const path = [dirname(programPath('nats-server')), process.env.PATH].join(':');
  execFile(process.execPath, args, { cwd: clone, env: { ...process.env, PATH: path } }, (failure, out, error) => {
    resolve({ code: failure === null ? 0 : Number(failure.code ?? 1), out, error });
  });
  return promise;
}

test.each(SCRIPTS)('$args --help lists its options and measures nothing', async ({ args }) => {
  const { code, out, error } = await run(...args, '--help');
  expect([code, error]).toEqual([0, '']);
  expect(out).toMatch(/^npm run (bench|simulate|crash-loop)[\w:]* -- \[options\]\n/m);
  expect(out).toMatch(/^ {2}--\w+/m);
});

test.each(SCRIPTS)('$args refuses an unknown option in one line', async ({ args }) => {
  const { code, error } = await run(...args, '--no-such-thing');
  expect([code, error]).toEqual([
    2,
    expect.stringMatching(/^Unknown option '--no-such-thing'; .* --help lists the options\n$/),
  ]);
});

test.each([
  [['tools/simulate.mjs', '--seed', 'x'], "--seed takes a whole number from 1 on, not 'x'"],
  [['tools/bench.mjs', 'growth', '--runs', '0'], "--runs takes a whole number from 1 on, not '0'"],
  [
    ['tools/bench.mjs', 'web', '--only', 'all'],
    "--only takes first-page, filters, scroll, live, long-run, idle, not 'all'",
  ],
])('%j is refused in one line', async (args, why) => {
  const { code, error } = await run(...args);
  expect([code, error.split(';')[0], error.split('\n').length]).toEqual([2, why, 2]);
});

test('a measurement starts without .cache and makes it', async () => {
  expect(existsSync(join(clone, '.cache'))).toBe(false);
  const { code, out } = await run(
    ...['tools/bench.mjs', 'growth', '--runs', '20', '--few', '10', '--open', '5', '--seconds', '1'],
  );
  expect(code, out).toBe(0);
  expect(out).toContain('growth/start-after-kill');
  expect(existsSync(join(clone, '.cache'))).toBe(true);
}, 240_000);

test('a measurement that needs a broker sets it up before it starts', async () => {
  const { code, out } = await run('tools/bench.mjs', 'main', '--only', 'nothing');
  expect([code, out]).toEqual([2, expect.stringMatching(/nats-server/)]);
});
