import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNats } from '../../../tools/test-servers.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';

test('a trigger too large for the broker fails its run and says so; the others go on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-large-'));
  await using nats = await startNats();
  const store = await openSqliteStore({ dir });
  const bus = await openNatsBus({ servers: nats.url });
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const plane = await startPlane({ store, bus, clock: systemClock, shared: false, log: quiet });
  try {
    const shipyard =
      'apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: large}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}]}]}]}';
    await plane.putShipyard('large', shipyard, { dryRun: false });
    const trigger = (id: string, note: string) => ({
      event: {
        specversion: '1.0' as const,
        id,
        source: '/large',
        type: 'dev.seq.triggered',
        data: { project: 'large', note },
      },
    });
    const taken = await plane.submit([trigger('big', 'x'.repeat(1_048_576)), trigger('small', 'x')]);
    const [big, small] = taken.items.map((item) => item.run ?? '');
    const ended = await plane.waitForRun(big ?? '', 10_000);
    expect(ended).toMatchObject({ state: 'finished', result: 'fail', status: 'errored' });
    expect(ended?.message).toContain("'a' cannot be triggered");
    const [json] = await plane.claim('a', { source: '/me' }, { waitMs: 5000, max: 1 });
    expect(json).toContain(`"id":"${small}.a.1"`);
  } finally {
    await plane.close();
    await bus.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
