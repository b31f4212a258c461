import { expect, test } from 'vitest';
import { field, openDoor, post, putShipyard, type TestDoor, trigger } from './door.ts';

/** Who balances load by `/readyz` must hear of a store that is slow, and of work that piles up, before it is away. */
type Readiness = { status: number; reasons: string };

async function readiness(door: TestDoor): Promise<Readiness> {
  const { status, json } = await door.ask('GET', '/readyz');
  return { status, reasons: String(field(json, 'reasons') ?? '') };
}

const until = (door: TestDoor, wanted: { status: number; reasons: unknown }): Promise<void> =>
  expect.poll(() => readiness(door)).toMatchObject(wanted);

test('a store that is too slow for a small write is not ready, and is again when it is quick', async () => {
  await using door = await openDoor();
  await until(door, { status: 200, reasons: '' });
  const { probe } = door.store;
  door.store.probe = async () => 501 + (await probe());
  await until(door, { status: 503, reasons: expect.stringMatching(/the store needed \d+ ms for a write, and 500 is/) });
  door.store.probe = probe;
  await until(door, { status: 200, reasons: '' });
});

test('a store that hangs is not ready, and is said to within the time that a probe waits', async () => {
  await using door = await openDoor();
  const { probe } = door.store;
  door.store.probe = () => new Promise(() => undefined);
  await until(door, { status: 503, reasons: 'no answer within 2000 ms' });
  door.store.probe = probe;
  await until(door, { status: 200, reasons: '' });
});

test('work that is too long behind is not ready, and is again when it has caught up', async () => {
  await using door = await openDoor({ planeLimits: { lagMaxMs: [50, 100, 300] } });
  await putShipyard(door, 'shop');
  const { commit } = door.store;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  door.store.commit = (items) => held.then(() => commit(items));
  const waiting = post(door, trigger());
  await until(door, { status: 503, reasons: expect.stringMatching(/is \d+ ms old, and 300 is the limit/) });
  release();
  await waiting;
  await until(door, { status: 200, reasons: '' });
});
