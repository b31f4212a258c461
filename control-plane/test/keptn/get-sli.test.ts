import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudEvent } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { ControlPlane } from '../../src/runtime/control-plane.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

const KEPTN = 'apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: s}\nspec: {stages: [{name: dev}]}\n';
const OWN = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: own}
spec: {stages: [{name: dev, sequences: [{name: get-sli, tasks: [{name: look-it-up}]}]}]}
`;

let dir: string;
let store: Store;
let plane: ControlPlane;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-get-sli-'));
  store = await openSqliteStore({ dir });
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  plane = await startPlane({ store, bus: new LocalBus(), clock: systemClock, shared: false, log });
  await plane.putShipyard('sockshop', KEPTN, { dryRun: false });
  await plane.putShipyard('own', OWN, { dryRun: false });
});

afterAll(async () => {
  await plane?.close();
  await store?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function send(type: string, data: object, more: Partial<CloudEvent> = {}): Promise<string> {
  const event = { specversion: '1.0', id: randomUUID(), source: '/test', type, data, ...more } as CloudEvent;
  return (await plane.submit([event].map((one) => ({ event: one })))).items[0]?.run ?? '';
}

const claim = async (task: string): Promise<CloudEvent | undefined> => {
  const [json] = await plane.claim(task, { source: '/worker' }, { waitMs: 30_000, max: 1 });
  return json === undefined ? undefined : JSON.parse(json);
};

const carts = { project: 'sockshop', stage: 'dev', service: 'carts' };

test('get-sli can be asked in any stage while the evaluation of the same service runs, and looks as in Keptn', async () => {
  await send('sh.keptn.event.dev.evaluation.triggered', carts);
  expect(await claim('evaluation')).toBeDefined();

  const question = { sliProvider: 'prometheus', start: 'S', end: 'E', indicators: ['rt'] };
  const data = { ...carts, labels: { a: 'b' }, deployment: 'canary', 'get-sli': question };
  const run = await send('dev.get-sli.triggered', data, { correlationid: 'the-context' });
  const asked = await claim('get-sli');
  expect(asked).toMatchObject({ type: 'sh.keptn.event.get-sli.triggered', shkeptncontext: 'the-context', data });
  expect(asked).not.toHaveProperty('triggeredid');

  const answer = { ...carts, 'get-sli': { start: 'S', end: 'E', indicatorValues: [] } };
  await send('sh.keptn.event.get-sli.finished', answer, { source: '/worker', triggeredid: String(asked?.id) });
  expect(await plane.waitForRun(run, 30_000)).toMatchObject({
    ...{ result: 'pass', output: { 'get-sli': answer['get-sli'] } },
  });
});

test('there is none in a stage that the shipyard does not have, and a shipyard may have its own', async () => {
  await expect(send('nowhere.get-sli.triggered', { project: 'sockshop' })).rejects.toMatchObject({
    code: 'unknown-stage',
  });
  await send('dev.get-sli.triggered', { project: 'own' });
  expect(await claim('look-it-up')).toBeDefined();
});
