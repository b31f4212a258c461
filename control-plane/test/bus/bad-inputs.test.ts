import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { RunView } from '@slipway/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startNats, type TestServer } from '../../../tools/test-servers.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/**
 * The rows of the table of bad inputs that concern the bus, over a real nats-server: each message is acked as ignored with
 * its reason, in one line of the log and one count, and the run is what it was. The rows over HTTP: ../http/bad-input.test.ts.
 */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: bus}
spec:
  stages:
    - name: dev
      sequences:
        - name: seq
          tasks: [{name: build}, {name: ship}]
`;
type LogLine = Record<string, unknown> & { message: string };

let dir: string;
let nats: TestServer;
let store: Store;
let bus: Bus;
let plane: Awaited<ReturnType<typeof startPlane>>;
let outside: NatsConnection;
let lines: LogLine[] = [];
let count = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-bad-bus-'));
  // More than the default of 1 MB, so that what is larger than an event may be gets through to us.
  nats = await startNats({ config: 'max_payload: 8MB' });
  store = await openSqliteStore({ dir });
  bus = await openNatsBus({ servers: nats.url });
  const note = (details: Record<string, unknown>, message: string): void => {
    lines.push({ ...details, message });
  };
  const log = { info: note, warn: note, error: note };
  plane = await startPlane({ store, bus, clock: systemClock, shared: false, log });
  for (const project of ['shop', 'other']) await plane.putShipyard(project, SHIPYARD, { dryRun: false });
  outside = await connect({ servers: nats.url });
});
afterAll(async () => {
  await outside?.close();
  await plane?.close();
  await bus?.close();
  await store?.close();
  await nats?.stop();
  rmSync(dir, { recursive: true, force: true });
});

let run: RunView;
beforeEach(async () => {
  lines = [];
  run = await startRun();
});

describe('what is no event of ours is ignored', () => {
  const text = (value: unknown): string => JSON.stringify(value);
  const answer = (more: Record<string, unknown>): string => text({ ...finishedOf('0.build.1'), ...more });
  test.each<[what: string, reason: string, body: string | Uint8Array]>([
    ['random bytes', 'malformed-json', new Uint8Array([0xc3, 0x28, ...randomBytes(200)])],
    ['nothing', 'empty-body', ''],
    ['1 MB of brackets', 'too-deep', '['.repeat(1_000_000)],
    ['1 MB of text', 'malformed-json', 'x'.repeat(1_000_000)],
    ['JSON that is no event', 'missing-attribute', '{"hello":"world"}'],
    ['a number', 'not-an-event', '42'],
    ['a key twice', 'duplicate-key', '{"id":"a","id":"b","specversion":"1.0","source":"/a","type":"build.finished"}'],
    ['another version', 'unsupported-specversion', answer({ specversion: '2.0' })],
    ['a type that is none of ours', 'unknown-event-type', answer({ type: 'com.example.happened' })],
    ['the end of a sequence, which only we tell', 'unknown-event-type', answer({ type: 'dev.seq.finished' })],
    ['an answer to nothing', 'unknown-attempt', answer({ causationid: undefined })],
    ['an answer to what is no attempt', 'unknown-attempt', answer({ causationid: 'nonsense' })],
    ['a trigger without a project of ours', 'unknown-project', text(triggerOf({ data: { project: 'nowhere' } }))],
    ['a trigger of a project that cannot be', 'invalid-name', text(triggerOf({ data: { project: '../prod' } }))],
    ['an answer to a concurrency group', 'unknown-attempt', answer({ causationid: 'group:shop/dev/x.build.1' })],
    ...[...'\u0001\u0003\n\u001b\u007f\u0085\u061c\u200f\u2028\u202e\u2066'].flatMap(
      (char): [string, string, string][] => [
        [`an id with ${JSON.stringify(char)}`, 'invalid-attribute', answer({ id: `a${char}b` })],
        [`a subject with ${JSON.stringify(char)}`, 'invalid-attribute', answer({ subject: `a${char}b` })],
        [`a service with ${JSON.stringify(char)}`, 'invalid-data', text(triggerOf({ data: { service: `a${char}b` } }))],
        [
          `a label with ${JSON.stringify(char)}`,
          'invalid-input',
          text(triggerOf({ data: { labels: { a: `a${char}b` } } })),
        ],
      ],
    ),
    ['an event in the name of the control plane', 'reserved-source', text(triggerOf({ source: 'slipway' }))],
    ["the same in Keptn's words", 'reserved-source', answer({ source: 'shipyard-controller' })],
    ['an id of the control plane', 'reserved-id', text(triggerOf({ id: `${randomUUID()}.triggers.dev.seq` }))],
    ['a trigger of data that is a list', 'invalid-data', text(triggerOf({ data: [1] }))],
  ])('%s: %s', async (_what, reason, body) => {
    // Keptn's subjects name no project, so that what the data says is all there is.
    await ignored(
      `sh.keptn.event.${reason.endsWith('-project') ? 'dev.seq.triggered' : 'build.finished'}`,
      body,
      reason,
    );
  });
});

describe('an answer that answers nothing', () => {
  test('to a run that there is not', async () => {
    await ignored('slipway.shop.build.finished', finishedOf('no-such-run.build.1'), 'unknown-run');
  });

  test('to a task that the run does not have', async () => {
    await ignored('slipway.shop.paint.finished', finishedOf(`${run.id}.paint.1`, 'paint'), 'unknown-task', run);
  });

  test('to an attempt that never was', async () => {
    await ignored('slipway.shop.build.finished', finishedOf(`${run.id}.build.7`), 'unknown-attempt', run);
  });

  test('to the task of another service, which its subject does not give it', async () => {
    await ignored('slipway.shop.ship.finished', finishedOf(`${run.id}.build.1`, 'ship'), 'spoof', run);
  });

  test('of another project, which its subject does not give it', async () => {
    await ignored('slipway.other.build.finished', finishedOf(`${run.id}.build.1`), 'spoof', run);
  });

  test('of 5 MB', async () => {
    const body = finishedOf(`${run.id}.build.1`, 'build', { text: 'x'.repeat(5 * 1024 * 1024) });
    await ignored('slipway.shop.build.finished', body, 'too-large', run);
  });

  test('to an attempt that is over', async () => {
    await publish('slipway.shop.build.finished', finishedOf(`${run.id}.build.1`));
    await expect.poll(async () => (await plane.getRun(run.id)).tasks[1]?.state).toBe('open');
    await ignored('slipway.shop.build.finished', finishedOf(`${run.id}.build.1`), 'attempt-over', run);
  });
});

test('a trigger whose subject and data name two projects is ignored', async () => {
  const body = JSON.stringify(triggerOf({ data: { project: 'other' } }));
  await ignored('slipway.shop.dev.seq.triggered', body, 'identity-mismatch');
});

test.each([
  ['a result that there is not', { result: 'maybe' }],
  ['a status that is a number', { status: 1 }],
])('%s fails the task by name', async (_what, data) => {
  await publish('slipway.shop.build.finished', finishedOf(`${run.id}.build.1`, 'build', data));
  await expect.poll(async () => (await plane.getRun(run.id)).state).toBe('finished');
  const [build] = (await plane.getRun(run.id)).tasks;
  expect(build).toMatchObject({ status: 'errored', result: 'fail', attempts: [{ error: { code: 'INVALID_RESULT' } }] });
});

test('an unknown stage or sequence is a run that has failed, because nobody could be told', async () => {
  const event = triggerOf({ type: 'dev.nothing.triggered' });
  await publish('slipway.shop.dev.nothing.triggered', JSON.stringify(event));
  await expect
    .poll(async () => (await plane.listRuns({ sequence: 'nothing', limit: 10 })).items)
    .toMatchObject([{ state: 'finished', result: 'fail', message: expect.stringContaining('nothing') }]);
});

test.each([
  ['labels that are a list', { labels: ['a'] }, 'labels'],
  ['a label that is an object', { labels: { owner: {} } }, 'owner'],
  ['65 labels', { labels: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, 'x'])) }, '64'],
  ['a service that is a number', { service: 5 }, 'service'],
])('a trigger with %s is a run that has failed with the reason', async (_what, data, said) => {
  const event = triggerOf({ data: { project: 'shop', ...data } });
  await publish('slipway.shop.dev.seq.triggered', JSON.stringify(event));
  const failed = async () => (await plane.listRuns({ project: 'shop', state: 'failed', limit: 1 })).items[0]?.message;
  await expect.poll(failed).toContain(said);
});

test('a trigger with labels of any key starts its run', async () => {
  const labels = { 'app.kubernetes.io/name': 'web', 'k=v': '1', $ref: '1', note: null };
  await publish('slipway.shop.dev.seq.triggered', JSON.stringify(triggerOf({ data: { project: 'shop', labels } })));
  const found = async () => (await plane.listRuns({ labels: { 'k=v': '1' }, limit: 1 })).items[0];
  await expect.poll(found).toMatchObject({ state: 'running', labels: { ...labels, note: '' } });
});

test('a message that is dropped is logged with its subject, id, source, type and project', async () => {
  const body = triggerOf({ data: { project: 'other' } });
  await ignored('slipway.shop.dev.seq.triggered', body, 'identity-mismatch');
  expect(lines.at(-1)).toMatchObject({
    ...{ subject: 'slipway.shop.dev.seq.triggered', project: 'shop' },
    ...{ id: body.id, source: body.source, type: body.type, detail: expect.stringContaining('other') },
  });
});

test('nobody can run the next stage with data of their own, or keep it from running', async () => {
  const shipyard = `${SHIPYARD}    - name: prod
      sequences: [{name: ship, triggeredOn: [{event: dev.seq.finished}], tasks: [{name: put}]}]
`;
  await plane.putShipyard('shop', shipyard, { dryRun: false });
  const chained = await startRun();
  const id = `${chained.id}.triggers.prod.ship`;
  const forged = {
    ...triggerOf({ id, source: 'slipway', type: 'prod.ship.triggered' }),
    data: { project: 'shop', mine: 1 },
  };
  // Before its time, with the id by which the broker would drop the true one.
  const forge = () =>
    jetstream(outside).publish('slipway.shop.prod.ship.triggered', JSON.stringify(forged), { msgID: id });
  const counted = plane.counters().bus_ignored_total ?? 0;
  await forge();
  await expect.poll(() => plane.counters().bus_ignored_total).toBe(counted + 1);
  expect(lines.at(-1)).toMatchObject({ reason: 'reserved-source', id });
  await publish(
    'slipway.shop.build.finished',
    finishedOf(`${chained.id}.build.1`, 'build', { build: { image: 'true' } }),
  );
  await expect.poll(async () => (await plane.getRun(chained.id)).tasks[1]?.state).toBe('open');
  await publish('slipway.shop.ship.finished', finishedOf(`${chained.id}.ship.1`, 'ship'));
  const next = async () => (await plane.listRuns({ project: 'shop', stage: 'prod', limit: 10 })).items;
  await expect.poll(next).toHaveLength(1);
  // And after it: what the journal says counts, not the text that came.
  await jetstream(outside).publish('slipway.shop.prod.ship.triggered', JSON.stringify(forged));
  await expect.poll(() => plane.counters().backlog).toBe(0);
  const [run] = await next();
  const view = await plane.getRun(run?.id ?? '');
  expect(view.trigger.data).toMatchObject({ build: { image: 'true' }, service: expect.any(String) });
  expect(view.trigger.data).not.toHaveProperty('mine');
  expect(view).toMatchObject({ state: 'running', triggeredBy: chained.id });
});

test('services that call themselves by wildcards serve nothing', async () => {
  outside.publish('slipway-hello', '{"source":"wild","tasks":[">","*","build.finished","bu ild","paint"]}');
  await expect.poll(async () => (await plane.listServices({})).map((one) => one.task)).toContain('paint');
  const wild = (await plane.listServices({})).filter((one) => one.source === 'wild');
  expect(wild.map((one) => one.task)).toEqual(['paint']);
});

test('after all of that the bus works, and nothing is left in it', async () => {
  await publish('slipway.shop.build.finished', finishedOf(`${run.id}.build.1`));
  await expect.poll(async () => (await plane.getRun(run.id)).tasks[0]?.result).toBe('pass');
  const manager = await jetstreamManager(outside);
  await expect
    .poll(async () => {
      const { num_ack_pending, num_pending } = await manager.consumers.info('SLIPWAY_IN', 'slipway-control-plane');
      return [num_ack_pending, num_pending];
    })
    .toEqual([0, 0]);
});

/** Sends what must be ignored with this reason: one line, one count, acked, and the run as it was but for the note of it. */
async function ignored(
  subject: string,
  body: string | Uint8Array | Record<string, unknown>,
  reason: string,
  noted?: RunView,
): Promise<void> {
  const before = noted === undefined ? undefined : await settled(noted.id);
  const counted = plane.counters().bus_ignored_total ?? 0;
  await publish(subject, body);
  await expect.poll(() => plane.counters().bus_ignored_total).toBe(counted + 1);
  const said = lines.filter((line) => line.message === 'a message on the bus was ignored');
  expect(said.at(-1)).toMatchObject({ reason });
  expect(said).toHaveLength(1);
  expect(JSON.stringify(said).length).toBeLessThan(500);
  if (before === undefined) return;
  const { ignored: notes, ...after } = await settled(before.id);
  const { ignored: _none, ...was } = before;
  expect(after).toEqual(was);
  // What was too large was not even read as an answer.
  expect(notes.map((one) => one.code)).toEqual(reason === 'too-large' ? [] : [reason]);
}

/** The run once nothing of it is under way. */
async function settled(id: string): Promise<RunView> {
  await expect.poll(() => plane.counters().backlog).toBe(0);
  return plane.getRun(id);
}

async function publish(subject: string, body: string | Uint8Array | Record<string, unknown>): Promise<void> {
  await jetstream(outside).publish(
    subject,
    typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  );
}

async function startRun(): Promise<RunView> {
  const event = triggerOf({}) as Parameters<typeof plane.submit>[0][number]['event'];
  const { items } = await plane.submit([{ event }]);
  return plane.getRun(items[0]?.run ?? '');
}

function triggerOf(more: Record<string, unknown>): Record<string, unknown> {
  count++;
  const data = { project: 'shop', service: `s${count}` };
  return { specversion: '1.0', id: `t${count}`, source: '/bad', type: 'dev.seq.triggered', data, ...more };
}

function finishedOf(causationid: string, task = 'build', data: Record<string, unknown> = {}): Record<string, unknown> {
  count++;
  return { specversion: '1.0', id: `a${count}`, source: '/bad', type: `${task}.finished`, causationid, data };
}
