import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startNats } from '../../../tools/test-servers.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };
const SHIPYARD = `apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: evaluation}]}]}]}
`;

test('an evaluation is invalidated over NATS in the spelling of Keptn, by who may speak for its project', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-invalidated-'));
  await using nats = await startNats();
  const store = await openSqliteStore({ dir });
  const bus = await openNatsBus({ servers: nats.url });
  const outside = await connect({ servers: nats.url });
  const plane = await startPlane({ store, bus, clock: systemClock, shared: false, log: QUIET });
  const publish = (subject: string, event: object) => jetstream(outside).publish(subject, JSON.stringify(event));
  const event = (type: string, more: object) => ({
    specversion: '1.0' as const,
    id: type,
    source: 'bridge',
    type,
    ...more,
  });
  const invalidated = async (): Promise<unknown> =>
    (await plane.evaluations.list({ project: 'shop', samples: false, limit: 1 })).items[0]?.invalidated;
  try {
    await plane.putShipyard('shop', SHIPYARD, { dryRun: false });
    const place = { project: 'shop', stage: 'dev', service: 'carts' };
    await plane.submit([{ event: event('sh.keptn.event.dev.seq.triggered', { data: place }) }]);
    const [claimed = '{}'] = await plane.claim('evaluation', { source: '/lighthouse' }, { waitMs: 30_000, max: 1 });
    const { id } = JSON.parse(claimed) as { id: string };
    await publish(
      'sh.keptn.event.evaluation.finished',
      event('sh.keptn.event.evaluation.finished', {
        source: '/lighthouse',
        triggeredid: id,
        data: { ...place, result: 'pass', evaluation: { score: 100, indicatorResults: [] } },
      }),
    );
    const listed = () => plane.evaluations.list({ project: 'shop', samples: false, limit: 1 });
    await expect.poll(async () => (await listed()).items[0]?.id).toBe(id);
    // The subject says another project: it is not this sender's to say.
    await publish(
      'slipway.bank.evaluation.invalidated',
      event('evaluation.invalidated', { causationid: id, data: {} }),
    );
    await publish(
      'sh.keptn.event.evaluation.invalidated',
      event('sh.keptn.event.evaluation.invalidated', {
        triggeredid: id,
        data: { ...place, evaluation: { reason: 'r' } },
      }),
    );
    await expect.poll(invalidated).toEqual({ at: expect.any(Number), author: 'bridge', reason: 'r' });
    expect((await plane.evaluations.get(id)).marks).toHaveLength(1);
  } finally {
    await plane.close();
    await bus.close();
    await outside.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}, 120_000);
