// `npm start [-- args]`: everything a fresh clone needs, then `slipway dev args` under Node 24.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, ROOT } from './install.mjs';

const node = ensureInstalled();
const child = spawn(node, [join(ROOT, 'cli', 'bin', 'slipway.js'), 'dev', ...process.argv.slice(2)], {
  stdio: 'inherit',
});

// On a terminal Ctrl-C reaches the whole process group, and npm repeats it to us. The child has its own already, and a
// second one would mean "stop at once" to it.
const onTerminal = process.stdin.isTTY || process.stdout.isTTY;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal === 'SIGINT' && onTerminal) return;
    child.kill(signal);
  });
}

child.on('error', (error) => {
  process.stderr.write(`${node} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  process.exit(signal ? 128 + constants.signals[signal] : code);
});
