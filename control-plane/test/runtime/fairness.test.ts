import { expect, test } from 'vitest';
import { openDoor, putShipyard, type TestDoor, trigger } from '../http/door.ts';

const MANY = 4_000;
const BATCH = 100;

test('a project that floods the control plane holds up itself, and not another that has one run to start', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'flood');
  await putShipyard(door, 'quiet');
  let flooded = 0;
  const flood: Promise<unknown>[] = [];
  for (let from = 0; from < MANY; from += BATCH) {
    flood.push(submit(door, 'flood', BATCH).then(() => (flooded += BATCH)));
  }
  await submit(door, 'quiet', 1);
  expect(flooded).toBeLessThan(MANY / 2);
  await Promise.all(flood);
  expect(flooded).toBe(MANY);
});

test('what is kept of runs in memory is bounded, and what was let go of is read again when it is needed', async () => {
  const cachedBytesMax = 500_000;
  await using door = await openDoor({ planeLimits: { cachedBytesMax } });
  await putShipyard(door, 'shop');
  const data = { project: 'shop', text: 'x'.repeat(20_000) };
  for (let run = 0; run < 50; run++) await door.plane.submit([{ event: trigger({ data }) as never }]);
  const { cached_bytes: cached } = door.plane.counters();
  expect(cached).toBeGreaterThan(0);
  expect(cached).toBeLessThan(2 * cachedBytesMax);
  for (let run = 0; run < 50; run++) {
    const [attempt] = await door.plane.claim('build', { source: '/w' }, { waitMs: 30_000, max: 1 });
    const id = (JSON.parse(attempt ?? '{}') as { id?: string }).id ?? '';
    await door.plane.submit([
      { event: { specversion: '1.0', id: `f${run}`, source: '/w', type: 'build.finished', causationid: id } },
    ]);
  }
  const { items } = await door.plane.listRuns({ limit: 100, state: 'finished' });
  expect(items).toHaveLength(50);
});

function submit(door: TestDoor, project: string, count: number): Promise<unknown> {
  return door.plane.submit(Array.from({ length: count }, () => ({ event: trigger({ data: { project } }) as never })));
}
