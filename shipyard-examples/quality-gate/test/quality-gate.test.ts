import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../../tools/quality-gate.mjs');

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('npm run example:quality-gate: the good build is promoted, the bad one is not, and nothing is left running', {
  timeout: 240_000,
}, async () => {
  const child = spawn(process.execPath, [SCRIPT], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const [code] = await once(child, 'exit');
  expect(code, output).toBe(0);

  expect(output).toMatch(/staging: evaluate pass.*\n.*production: deploy/);
  expect(output).toMatch(/\nBuild 1\.0\.0: PASS, score 100, promoted to production: pass\n/);
  expect(output).toMatch(/\n {2}It passes with a score of 100, which reaches 90\.\n/);
  const [, bad = ''] = output.split('\nBuild 1.1.0: ');
  expect(bad).toMatch(/^FAIL, score \d+(\.\d+)?, not promoted\n/);
  // By the baseline too: the good build was measured before.
  expect(bad).toMatch(/Response time p95 \(ms\) +fail .* violates <400 and <=\+150% \(\d/);
  expect(bad).toMatch(
    /\n {2}It fails with a score of .*a key objective failed: .*Error rate \(0\.2\d* violates <0\.02\)\.\n/,
  );
  expect(bad).toContain('\nProduction runs build 1.0.0.\n');

  const pids = [...output.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
  expect(pids.length).toBe(5);
  expect(pids.filter(isAlive)).toEqual([]);
});
