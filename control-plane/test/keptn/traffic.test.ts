import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNats } from '../../../tools/test-servers.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { ControlPlane } from '../../src/runtime/control-plane.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';
import { deviations } from './deviations.ts';

type Data = { [key: string]: unknown };
type Seen = {
  type: string;
  source: string;
  id: string;
  shkeptncontext?: string;
  triggeredid?: string;
  gitcommitid?: string;
  shkeptnspecversion?: string;
  data: Data;
};
type Answer = {
  source: string;
  start?: 'never';
  start_after_ms?: number;
  finish_after_ms: number | 'never';
  data?: Data;
};
type Case = {
  name: string;
  shipyard: string;
  trigger: { stage: string; service: string; sequence: string; data: Data };
  answers: { [task: string]: Answer[] };
  observed: Seen[];
};

const CONTROL_PLANE = 'shipyard-controller';
const QUIET_MS = 400;
const LIMIT_MS = 60_000;

/** What the notes of the recording say was done beside the trigger; there in ms after it, here after what was seen. */
const commands: { [name: string]: { after: string; delayMs: number; command: 'abort' | 'pause' | 'resume' }[] } = {
  'abort-while-b-runs': [{ after: 'sh.keptn.event.b.started', delayMs: 100, command: 'abort' }],
  'abort-queued': [{ after: 'sh.keptn.event.a.started', delayMs: 100, command: 'abort' }],
  'pause-resume': [
    { after: 'sh.keptn.event.a.started', delayMs: 100, command: 'pause' },
    { after: 'sh.keptn.event.a.finished', delayMs: 600, command: 'resume' },
  ],
};
const secondTriggerAfterMs: { [name: string]: number } = { 'same-scope-two-triggers': 20 };

const shared = new URL('../../../../shared/cases/keptn-traffic.yaml', import.meta.url);
const copy = new URL('./keptn-traffic.yaml', import.meta.url);
const text = readFileSync(copy, 'utf8');
const cases = (load(text) as { cases: Case[] }).cases;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let nats: Awaited<ReturnType<typeof startNats>>;
let connection: NatsConnection;
let store: Store;
let bus: Bus;
let plane: ControlPlane;
let dir: string;

beforeAll(async () => {
  nats = await startNats();
  dir = mkdtempSync(join(tmpdir(), 'slipway-keptn-'));
  store = await openSqliteStore({ dir });
  bus = await openNatsBus({ servers: nats.url });
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  plane = await startPlane({ store, bus, clock: systemClock, shared: false, log: quiet });
  connection = await connect({ servers: nats.url });
});

afterAll(async () => {
  await connection?.close();
  await plane?.close();
  await bus?.close();
  await store?.close();
  await nats?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test.runIf(existsSync(shared))('the copy kept here is the recording', () => {
  expect(readFileSync(shared, 'utf8')).toBe(text);
});

describe('what a real Keptn put on its bus, the control plane puts on it too', () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', { timeout: 120_000 }, async (name, recorded) => {
    const project = name;
    await plane.putShipyard(project, recorded.shipyard, { dryRun: false });
    const seen = await play(recorded, project);
    const ours = named(seen, project).filter((event) => event.source === CONTROL_PLANE);
    expect(ours).toEqual(expected(recorded));
    // Across senders a millisecond may swap two events; an answer still never comes before what it answers.
    const order = named(seen, project).map((event) => event.id);
    for (const event of named(seen, project)) {
      if (event.triggeredid === undefined || event.triggeredid === '#trigger') continue;
      expect(order.indexOf(event.triggeredid)).toBeLessThan(order.indexOf(event.id));
    }
  });
});

/** Sends the trigger, answers as the recording did, and collects what is on the bus until it is quiet. */
async function play(recorded: Case, project: string): Promise<Seen[]> {
  const seen: Seen[] = [];
  let lastAt = performance.now();
  let open = 0;
  // A command and an answer come by different ways: what was recorded after a command waits for it.
  let commanded: Promise<unknown> = Promise.resolve();
  const later = (ms: number, act: () => void): void => {
    open++;
    setTimeout(() => {
      act();
      open--;
    }, ms);
  };
  const subscription = connection.subscribe('sh.keptn.event.>', {
    callback: (_error, message) => {
      const event = JSON.parse(decoder.decode(message.data)) as Seen;
      if (event.data.project !== project) return;
      lastAt = performance.now();
      seen.push(event);
      const task = /^sh\.keptn\.event\.([a-z-]+)\.triggered$/.exec(event.type)?.[1];
      if (task !== undefined) answer(recorded, event, task, (ms, act) => later(ms, () => void commanded.then(act)));
      for (const { after, delayMs, command } of commands[recorded.name] ?? []) {
        if (event.type !== after) continue;
        later(delayMs, () => {
          commanded = plane
            .listRuns({ project, limit: 1 })
            .then((page) => plane.command(page.items[0]?.id ?? '', command, {}));
        });
      }
    },
  });
  await connection.flush();
  const { stage, sequence, service, data } = recorded.trigger;
  const send = (id: string): void => {
    const event = {
      specversion: '1.0',
      id,
      source: 'capture-client',
      type: `sh.keptn.event.${stage}.${sequence}.triggered`,
      shkeptncontext: `context-of-${project}-${id}`,
      shkeptnspecversion: '0.2.4',
      data: { ...data, project, stage, service },
    };
    if (recorded.name.endsWith('-http'))
      void plane.submit([{ event: event as Parameters<ControlPlane['submit']>[0][number]['event'] }]);
    else connection.publish(event.type, encoder.encode(JSON.stringify(event)));
  };
  send(`trigger-of-${project}`);
  const second = secondTriggerAfterMs[recorded.name];
  if (second !== undefined) later(second, () => send(`second-trigger-of-${project}`));
  // On a busy machine silence alone is no end: what is expected is waited for, and then a moment for what is not.
  const wanted = expected(recorded).length;
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const complete = seen.filter((event) => event.source === CONTROL_PLANE).length >= wanted;
    const quiet = open === 0 && performance.now() - lastAt > QUIET_MS;
    if (quiet && (complete || performance.now() > limit)) break;
    await sleep(20);
  }
  subscription.unsubscribe();
  return seen;
}

function answer(recorded: Case, triggered: Seen, task: string, later: (ms: number, act: () => void) => void): void {
  const { project, stage, service } = triggered.data;
  const emit = (source: string, phase: string, data: Data): void => {
    const type = `sh.keptn.event.${task}.${phase}`;
    const event = {
      specversion: '1.0',
      id: crypto.randomUUID(),
      source,
      type,
      shkeptncontext: triggered.shkeptncontext,
      triggeredid: triggered.id,
      shkeptnspecversion: '0.2.4',
      data: { ...data, project, stage, service },
    };
    connection.publish(type, encoder.encode(JSON.stringify(event)));
  };
  for (const one of recorded.answers[`${String(stage)}.${task}`] ?? recorded.answers[task] ?? []) {
    const startMs = one.start_after_ms ?? 0;
    if (one.start !== 'never') later(startMs, () => emit(one.source, 'started', {}));
    if (one.finish_after_ms !== 'never')
      later(startMs + one.finish_after_ms, () => emit(one.source, 'finished', one.data ?? {}));
  }
}

/** Ids as names, as the recording has them; times left out. */
function named(seen: readonly Seen[], project: string): Seen[] {
  const ids = new Map<string, string>();
  const contexts = new Map<string, string>();
  const counts = new Map<string, number>();
  return seen.map((event) => {
    const parts = event.type.replace('sh.keptn.event.', '').split('.');
    const base = parts.length === 3 ? `#${parts.join('.')}` : `#${String(event.data.stage)}/${parts.join('.')}`;
    const count = (counts.get(base) ?? 0) + 1;
    counts.set(base, count);
    const name = count === 1 ? base : `${base}~${count}`;
    ids.set(event.id, name);
    const context = event.shkeptncontext ?? '';
    if (!contexts.has(context)) contexts.set(context, `#context${contexts.size + 1}`);
    const one: Seen = {
      type: event.type,
      source: event.source,
      id: name,
      data: { ...event.data, project: event.data.project === project ? 'PROJECT' : event.data.project },
    };
    one.shkeptncontext = contexts.get(context) ?? '';
    if (event.triggeredid !== undefined) one.triggeredid = ids.get(event.triggeredid) ?? '#trigger';
    if (event.gitcommitid !== undefined) one.gitcommitid = 'COMMIT';
    if (event.shkeptnspecversion !== undefined) one.shkeptnspecversion = event.shkeptnspecversion;
    return one;
  });
}

/** The control plane's events of the recording, with the deviations that docs/keptn.md names. */
function expected(recorded: Case): Seen[] {
  const deviation = deviations[recorded.name];
  const events: Seen[] = [];
  for (const event of recorded.observed.filter((one) => one.source === CONTROL_PLANE)) {
    for (const extra of deviation?.extra ?? []) {
      if (extra.before !== event.id) continue;
      const task = extra.type.replace('sh.keptn.event.', '').replace('.cancelled', '');
      events.push({
        type: extra.type,
        source: CONTROL_PLANE,
        id: `#dev/${task}.cancelled`,
        shkeptncontext: '#context1',
        triggeredid: `#dev/${task}.triggered`,
        shkeptnspecversion: 'latest',
        data: { project: 'PROJECT', stage: 'dev', service: 'svc', message: 'the run was aborted' },
      });
    }
    const one: Seen = { ...event, data: { ...event.data, ...deviation?.data?.[event.id] } };
    if (event.gitcommitid !== undefined) one.gitcommitid = 'COMMIT';
    events.push(one);
  }
  return events;
}
