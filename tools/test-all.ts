/**
 * `npm test`: the test servers, the fences, every test of every workspace, and one total. With arguments (`npm test -- sdk`)
 * only the test files that they name, without the fences.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fencesOf, reportFences } from './fences.ts';
import { CACHE, ROOT } from './root.ts';
import { type Count, runNode, runVitest } from './run-vitest.ts';

/** Read by .ci/run. */
const TOTALS = join(CACHE, 'test', 'totals');

const args = process.argv.slice(2);
const started = performance.now();
mkdirSync(join(CACHE, 'test'), { recursive: true });
rmSync(TOTALS, { force: true });

heading('Test servers');
// What could not be had fails the tests that need it, each with its own word on it.
await runNode('tools/setup-test-servers.ts');

const counts: Count[] = [];
if (args.length === 0) {
  heading('Fences');
  const results = await reportFences(fencesOf(ROOT), ROOT);
  const passed = results.filter((result) => result.ok).length;
  counts.push({ passed, failed: results.length - passed, skipped: 0 });
}

heading('Tests');
counts.push(await runVitest('vitest', args));

const sum = (pick: (count: Count) => number): number => counts.reduce((total, count) => total + pick(count), 0);
const [passed, failed, skipped] = [sum((c) => c.passed), sum((c) => c.failed), sum((c) => c.skipped)];
writeFileSync(TOTALS, `${passed} passed, ${failed} failed\n`);
const took = ((performance.now() - started) / 1000).toFixed(0);
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}, in ${took} s.`);
process.exitCode = failed === 0 ? 0 : 1;

function heading(text: string): void {
  console.log(`\n== ${text}`);
}
