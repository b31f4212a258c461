#!/usr/bin/env node
// Plain JavaScript, because whatever Node is there runs it: one that is too old for TypeScript starts the one that came
// with the install, and ends as that ends.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
/** For the process that is started here alone: another parent may let go of its channel and want us to go on. */
const ENDS_WITH_PARENT = 'SLIPWAY_ENDS_WITH_PARENT';

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) {
  if (process.env[ENDS_WITH_PARENT]) endWithParent();
  // TypeScript read once is half of the time that a command takes; where it cannot be kept, nothing is lost.
  nodeModule.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slipway'));
  await import('../src/main.ts');
} else {
  const node = findNode();
  if (node === undefined) {
    process.stderr.write(
      `Slipway needs Node ${NODE_MAJOR}, this is ${process.version}, and none came with the install. ` +
        'Run npm install where Slipway is, or use a newer Node.\n',
    );
    process.exit(2);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    // However this process ends, SIGKILL included, the channel ends with it, and the child hears of that.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [ENDS_WITH_PARENT]: '1' },
  });
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // On a terminal Ctrl-C reaches the child by itself, and a second one would mean "stop at once" to it.
    process.on(signal, () => (signal === 'SIGINT' && onTerminal ? undefined : child.kill(signal)));
  }
  child.on('error', (error) => {
    process.stderr.write(`${node} could not be started: ${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

/** A server that nobody knows of would keep its port and its data folder: it ends as if it had been told to. */
function endWithParent() {
  delete process.env[ENDS_WITH_PARENT];
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Nothing is ever said there, so it is no reason to go on.
  process.channel?.unref();
}

/** The package `node`, from here upwards. */
function findNode() {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}
