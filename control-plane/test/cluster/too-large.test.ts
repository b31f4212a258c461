import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startNats } from '../../../tools/test-servers.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';

/** More than nats-server takes in a message. */
const NOTE = 1_048_576;

test('a trigger too large for the broker goes by reference; the others go whole', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-large-'));
  await using nats = await startNats();
  const store = await openSqliteStore({ dir });
  const bus = await openNatsBus({ servers: nats.url });
  const outside = await connect({ servers: nats.url });
  const published: { id: string; dataref?: string; data: Record<string, unknown> }[] = [];
  outside.subscribe('slipway.large.a.triggered', {
    callback: (_error, message) => void published.push(message.json()),
  });
  await outside.flush();
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
    const taken = await plane.submit([trigger('big', 'x'.repeat(NOTE)), trigger('small', 'x')]);
    const [big, small] = taken.items.map((item) => item.run ?? '');
    const claimed = await plane.claim('a', { source: '/me' }, { waitMs: 30_000, max: 2 });
    const notes = claimed.map((json) => JSON.parse(json)).map(({ id, data }) => [id, data.note.length]);
    expect(Object.fromEntries(notes)).toEqual({ [`${big}.a.1`]: NOTE, [`${small}.a.1`]: 1 });
    await expect.poll(() => published.length).toBe(2);
    const [reference, whole] = published.toSorted((one) => (one.dataref === undefined ? 1 : -1));
    expect(reference).toMatchObject({ id: `${big}.a.1`, data: { project: 'large', stage: 'dev' } });
    expect(reference?.data).not.toHaveProperty('note');
    expect(whole).toMatchObject({ id: `${small}.a.1`, data: { note: 'x' } });
    const id = decodeURIComponent(String(reference?.dataref).replace('/v1/data/', ''));
    expect(await plane.getData(id)).toMatchObject({ note: 'x'.repeat(NOTE) });
  } finally {
    await plane.close();
    await bus.close();
    await outside.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
