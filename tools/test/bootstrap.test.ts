import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ROOT } from '../root.ts';

const clones: string[] = [];
afterEach(() => {
  for (const clone of clones.splice(0)) rmSync(clone, { recursive: true, force: true });
});

/** What `npm start` needs of a clone: the bootstrap, two lock files, a Node, and a program in the place of the command line. */
function clone(options: { readonly program: string; readonly wanted?: string; readonly installed?: string }): string {
  const root = mkdtempSync(join(tmpdir(), 'slipway-bootstrap-'));
  clones.push(root);
  const { wanted = '1.0.0', installed = '1.0.0' } = options;
  const lock = (version: string): string => JSON.stringify({ packages: { '': {}, 'node_modules/thing': { version } } });
  const files = {
    'cli/bin/slipway.js': options.program,
    'package-lock.json': lock(wanted),
    'node_modules/.package-lock.json': lock(installed),
    // Stands for npm: it says what it was asked to do, and makes the install current.
    'npm.js': `
      const fs = require('node:fs');
      fs.writeFileSync('asked', process.argv.slice(2).join(' '));
      fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
      if (process.argv.includes('ci') && fs.existsSync('broken')) { console.error('the registry is away'); process.exit(7); }
    `,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, 'node_modules', '.bin'));
  symlinkSync(process.execPath, join(root, 'node_modules', '.bin', 'node'));
  for (const file of ['bootstrap.mjs', 'start.mjs']) cpSync(join(ROOT, 'tools', file), join(root, 'tools', file));
  return root;
}

const start = (root: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'tools', 'start.mjs'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, npm_execpath: join(root, 'npm.js') },
  });

test('npm start passes its arguments on and ends with the exit code of slipway dev', () => {
  const root = clone({ program: 'console.log(process.argv.slice(2).join(" ")); process.exit(3);' });
  const { stdout, status } = start(root, '--once', '--data', './a b');
  expect(stdout).toBe('dev --once --data ./a b\n');
  expect(status).toBe(3);
});

test('an install that is not what the lock file says is brought up to date first, and the reason is said', () => {
  const root = clone({ program: 'console.log("started");', wanted: '1.1.0', installed: '1.0.0' });
  expect(start(root).stdout).toMatch(
    /^Installing packages \(thing changed\) \.\.\.\nInstalled in \d+\.\d s\.\nstarted\n$/,
  );
  expect(start(root).stdout).toBe('started\n');
});

test('when the install fails nothing is started, and what npm said is shown with the way out', () => {
  const root = clone({ program: 'console.log("started");', wanted: '1.1.0' });
  writeFileSync(join(root, 'broken'), '');
  const { stdout, stderr, status } = start(root);
  expect(stdout).not.toContain('started');
  expect(stderr).toMatch(/the registry is away.*npm ci failed \(exit code 7\)/s);
  expect(status).toBe(1);
});

test.each([
  ['SIGTERM', 0],
  ['SIGINT', 0],
] as const)('%s to npm start reaches slipway dev, whose exit code is kept', async (signal, code) => {
  const program = `
    process.on('${signal}', () => { console.log('tidy'); process.exit(${code}); });
    setInterval(() => {}, 1000);
    console.log('up');
  `;
  const root = clone({ program });
  const child = spawn(process.execPath, [join(root, 'tools', 'start.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await said(child, 'up');
  const ended = once(child, 'exit');
  child.kill(signal);
  await said(child, 'tidy');
  expect((await ended)[0]).toBe(code);
});

test('a slipway dev that was killed ends npm start with the shell’s code for the signal', () => {
  const root = clone({ program: 'process.kill(process.pid, "SIGKILL");' });
  expect(start(root).status).toBe(137);
});

function said(child: ChildProcess, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes(text)) resolve();
  });
  child.once('exit', () => setImmediate(() => reject(new Error(`ended without saying ${text}: ${output}`))));
  return promise;
}

test('npm builds the web view after an install, and an install without the packages for it succeeds', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(scripts.prepare).toBe('node tools/build-web.mjs --after-install');
  const root = clone({ program: '' });
  cpSync(join(ROOT, 'tools', 'build-web.mjs'), join(root, 'tools', 'build-web.mjs'));
  const prepare = () => spawnSync(process.execPath, ['tools/build-web.mjs', '--after-install'], { cwd: root });
  expect(prepare().status).toBe(0);

  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  mkdirSync(dirname(vite), { recursive: true });
  for (const name of ['src/main.tsx', 'public/a', 'index.html', 'vite.config.ts', 'package.json']) {
    mkdirSync(dirname(join(root, 'web', name)), { recursive: true });
    writeFileSync(join(root, 'web', name), '');
  }
  writeFileSync(vite, "require('node:fs').mkdirSync('dist'); require('node:fs').writeFileSync('dist/index.html', '');");
  expect(prepare().status).toBe(0);
  expect(existsSync(join(root, 'web', 'dist', 'index.html'))).toBe(true);

  rmSync(join(root, 'web', 'dist'), { recursive: true });
  writeFileSync(vite, 'process.exit(1)');
  expect(prepare().status).toBe(0);
});
