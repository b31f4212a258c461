/**
 * `npm run test:chart`: the chart as Helm sees it (lint, schema, goldens, the configuration of NATS), then every values file
 * against a real Kubernetes API server. `-- --quick` leaves out the second part; `-- --update` rewrites goldens and README
 * from what the chart renders now.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE, ROOT } from '../../tools/root.ts';
import { type Count, runNode, runVitest } from '../../tools/run-vitest.ts';

/** Read by .ci/run. */
const TOTALS = join(CACHE, 'test', 'chart-totals');

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, update: { type: 'boolean', default: false } },
});
mkdirSync(join(CACHE, 'test'), { recursive: true });
rmSync(TOTALS, { force: true });

console.log('\n== Programs');
await runNode('tools/setup-test-servers.ts', 'helm', 'nats-server', 'secantusd-py', 'prometheus');

if (options.update) await runNode('helm/tools/readme.ts');

console.log('\n== Chart');
// In CI mode vitest fails where a golden file is missing, and does not make it.
process.env.CI ??= '1';
const counts: Count[] = [
  await runVitest('chart', ['--config', 'helm/vitest.config.ts', ...(options.update ? ['--update'] : [])]),
];

if (!options.quick) {
  console.log('\n== Testbed');
  counts.push(await runTestbed());
}

const [passed, failed] = [
  counts.reduce((sum, one) => sum + one.passed, 0),
  counts.reduce((sum, one) => sum + one.failed, 0),
];
writeFileSync(TOTALS, `${passed} passed, ${failed} failed\n`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** A script of its own, whose last line is its total. */
async function runTestbed(): Promise<Count> {
  const child = spawn(process.execPath, [join(ROOT, 'helm/testbed/run.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let tail = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    tail = (tail + chunk.toString()).slice(-1024);
  });
  const [code] = await once(child, 'close');
  const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(tail) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(passed), failed: Number(failed) || (code === 0 ? 0 : 1), skipped: 0 };
}
