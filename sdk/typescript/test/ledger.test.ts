import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Answer, MemoryLedger, openFileLedger } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'slipway-ledger-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function answer(attemptId: string, size = 10): Answer {
  const json = JSON.stringify({ id: attemptId, filler: 'x'.repeat(size) });
  return {
    id: `answer-${attemptId}`,
    attemptId,
    phase: 'finished',
    dialect: 'plain',
    project: 'p',
    plainType: 't.finished',
    json,
  };
}

test('the oldest answers are forgotten first, by number and by size', () => {
  const few = new MemoryLedger({ answersMax: 4 });
  for (const id of ['a', 'b', 'c', 'd', 'e']) few.remember(answer(id));
  expect(['a', 'b', 'c', 'd', 'e'].filter((id) => few.get(id) !== undefined)).toEqual(['c', 'd', 'e']);
  const small = new MemoryLedger({ sizeMax: 2_000 });
  for (const id of ['a', 'b', 'c']) small.remember(answer(id, 600));
  expect(['a', 'b', 'c'].filter((id) => small.get(id) !== undefined)).toEqual(['b', 'c']);
});
test('what a file ledger remembered is there after a restart, also when the last line is torn', async () => {
  const path = join(folder, 'restart.jsonl');
  const first = openFileLedger(path);
  await Promise.all(Array.from({ length: 200 }, (_, n) => first.remember(answer(`a${n}`))));
  appendFileSync(path, '{"id":"torn","attemptId":"to');
  const second = openFileLedger(path);
  expect(second.get('a0')).toEqual(answer('a0'));
  expect(second.get('a199')).toEqual(answer('a199'));
  await first.close?.();
  await second.close?.();
});

test('a file ledger does not grow without end', async () => {
  const path = join(folder, 'bound.jsonl');
  const ledger = openFileLedger(path, { answersMax: 10 });
  for (let n = 0; n < 100; n++) await ledger.remember(answer(`a${n}`));
  expect(
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '').length,
  ).toBeLessThanOrEqual(20);
  await ledger.close?.();
  const again = openFileLedger(path, { answersMax: 10 });
  expect(again.get('a99')).toEqual(answer('a99'));
  expect(again.get('a89')).toBe(undefined);
  await again.close?.();
});
