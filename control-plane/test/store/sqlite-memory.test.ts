import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const HEAP_MB = 48;
const RUNS = 6_000;
const EVENT_CHARS = 20_000;

test('what was written does not stay in memory: 120 MB of open runs go through a heap of 48 MB', () => {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-memory-'));
  const fill = fileURLToPath(new URL('./fill.ts', import.meta.url));
  const filled = spawnSync(
    process.execPath,
    [`--max-old-space-size=${HEAP_MB}`, fill, dir, String(RUNS), String(EVENT_CHARS)],
    { encoding: 'utf8' },
  );
  rmSync(dir, { recursive: true });
  expect(filled.stderr).toBe('');
  expect(filled.stdout).toBe('written');
}, 180_000);
