import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CACHE, ROOT } from './root.ts';

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs vitest with these arguments, its own report on the terminal, and counts what it ran. */
export async function runVitest(name: string, args: readonly string[]): Promise<Count> {
  const results = join(CACHE, 'test', `${name}.json`);
  mkdirSync(dirname(results), { recursive: true });
  rmSync(results, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const exitCode = await runNode('node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args);
  return readCount(results, exitCode);
}

/** Runs a script of this clone under this Node, and answers its exit code. */
export async function runNode(script: string, ...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

/**
 * What vitest ran. A file that could not be loaded, or whose set-up failed, is broken without a failed test: it counts as one.
 * So does an error outside of any test.
 */
function readCount(resultsFile: string, exitCode: number): Count {
  try {
    const results: {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      numTodoTests: number;
      testResults: { status: string; assertionResults: { status: string }[] }[];
    } = JSON.parse(readFileSync(resultsFile, 'utf8'));
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
