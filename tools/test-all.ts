/**
 * `npm test`: the test servers, the fences, every test of every workspace, and one total. With arguments (`npm test -- sdk`)
 * only the test files that they name, without the fences.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fencesOf, reportFences } from './fences.ts';
import { CACHE, ROOT } from './root.ts';

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const RESULTS = join(CACHE, 'test', 'vitest.json');
/** Read by .ci/run. */
const TOTALS = join(CACHE, 'test', 'totals');

const args = process.argv.slice(2);
const started = performance.now();
mkdirSync(join(CACHE, 'test'), { recursive: true });
for (const file of [RESULTS, TOTALS]) rmSync(file, { force: true });

heading('Test servers');
// What could not be had fails the tests that need it, each with its own word on it.
await node('tools/setup-test-servers.ts');

const counts: Count[] = [];
if (args.length === 0) {
  heading('Fences');
  const results = await reportFences(fencesOf(ROOT), ROOT);
  const passed = results.filter((result) => result.ok).length;
  counts.push({ passed, failed: results.length - passed, skipped: 0 });
}

heading('Tests');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`];
const exitCode = await node('node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args);
counts.push(readCount(exitCode));

const sum = (pick: (count: Count) => number): number => counts.reduce((total, count) => total + pick(count), 0);
const [passed, failed, skipped] = [sum((c) => c.passed), sum((c) => c.failed), sum((c) => c.skipped)];
writeFileSync(TOTALS, `${passed} passed, ${failed} failed\n`);
const took = ((performance.now() - started) / 1000).toFixed(0);
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}, in ${took} s.`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * What vitest ran. A file that could not be loaded, or whose set-up failed, is broken without a failed test: it counts as one.
 * So does an error outside of any test.
 */
function readCount(exitCode: number): Count {
  try {
    const results: {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      numTodoTests: number;
      testResults: { status: string; assertionResults: { status: string }[] }[];
    } = JSON.parse(readFileSync(RESULTS, 'utf8'));
    const broken = results.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed'),
    );
    const failed = results.numFailedTests + broken.length;
    return {
      passed: results.numPassedTests,
      failed: failed === 0 && exitCode !== 0 ? 1 : failed,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch (error) {
    console.error(`Vitest left no results (${error instanceof Error ? error.message : String(error)}).`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function node(script: string, ...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}
