import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { programPath } from '../../../tools/servers/programs.ts';

/** pytest runs once, before vitest knows its tests, so that each of them is a test of its own here. */
const room = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'slipway-pytest-'));
const results = join(folder, 'results.jsonl');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  name: string;
  outcome: string;
  text: string;
}

async function python(...args: string[]): Promise<{ code: unknown; output: string }> {
  const env = { ...process.env, TEST_NODE: process.execPath, PYTEST_RESULTS_FILE: results };
  const child = spawn(programPath('python-sdk'), ['-m', ...args], {
    cwd: room,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output };
}

const pytest = await python('pytest');

describe('pytest', () => {
  for (const { name, outcome, text } of readResults()) {
    test(name.replace(/^test\//, ''), () => expect(outcome, text).toBe('passed'));
  }

  test('ran to its end', () => expect(pytest.code, pytest.output).toBe(0));
});

test('mypy finds nothing, strictly', async () => {
  const { code, output } = await python('mypy', '--cache-dir', join(folder, 'mypy'));
  expect(code, output).toBe(0);
});

test('ruff finds nothing', async () => {
  const { code, output } = await python('ruff', 'check', '--no-cache');
  expect(code, output).toBe(0);
});

test('every file is formatted by ruff', async () => {
  const { code, output } = await python('ruff', 'format', '--check', '--no-cache');
  expect(code, output).toBe(0);
});

/** None when pytest could not begin; a test below says so. */
function readResults(): Result[] {
  try {
    const lines = readFileSync(results, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}
