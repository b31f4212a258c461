import { expect, test } from 'vitest';
import { claimOne, finished, openDoor, post, startRun } from '../http/door.ts';

const RUNS = 120;
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: quick, concurrency: {group: one, limit: 1, policy: queue}, tasks: [{name: build}]}]}]}
`;

test('a run in a concurrency group costs the same however many were in it before', async () => {
  await using door = await openDoor();
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
  // Entries that were read from the store: what grows with the history would show here.
  let entries = 0;
  const { read } = door.store;
  door.store.read = async (...args) => {
    const found = await read(...args);
    entries += found.length;
    return found;
  };
  for (let run = 0; run < RUNS; run++) {
    await startRun(door);
    expect((await post(door, finished(await claimOne(door, 'build')))).status).toBe(202);
  }
  expect(entries).toBeLessThan(5 * RUNS);
});
