import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudEvent } from '@slipway/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Env, GroupInput, RunInput } from '../../src/engine/index.ts';
import { indexPlan } from '../../src/engine/index.ts';
import { Advance, type Verdict } from '../../src/runtime/advance.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { defaultPlaneLimits } from '../../src/runtime/limits.ts';
import { createEvaluator, parseShipyard } from '../../src/shipyard/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

const RUN = '7d1a3f2c-0000-5000-8000-000000000001';
const GROUP = 'group:shop/dev/carts';

const SHIPYARD = `
apiVersion: slipway.dev/v1
kind: Shipyard
metadata: { name: shop }
spec:
  stages:
    - name: dev
      sequences:
        - name: seq
          tasks: [{ name: build }]
`;

let dir = '';
let store: Store;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-advance-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

test('of a run that began while its journal was read, what comes since is not told that there is none', async () => {
  const slow = held(store);
  const [one, other] = [advance(slow.store), advance(store)];
  const early = deliver(one, RUN, { kind: 'timer', at: 1, name: 'begin/t0/1', dueAt: 1, random: 0 });
  await slow.read;
  expect((await deliver(other, RUN, trigger())).outcome).toEqual({ kind: 'applied' });
  const since = deliver(one, RUN, { kind: 'command', at: 2, command: 'pause' });
  slow.release();
  expect((await early).outcome).toEqual({ kind: 'ignored', code: 'unknown-run' });
  expect(await since).toMatchObject({ outcome: { kind: 'applied' }, run: { paused: true } });
});

test('what a group is told while its journal is read is no repeat of what it had been told before', async () => {
  const enqueue: GroupInput = { kind: 'enqueue', at: 1, run: RUN, acceptedAt: 1, limit: 1, policy: 'queue' };
  await deliver(advance(store), GROUP, enqueue);
  const slow = held(store);
  const [one, other] = [advance(slow.store), advance(store)];
  const early = deliver(one, GROUP, enqueue);
  await slow.read;
  await deliver(other, GROUP, { kind: 'release', at: 2, run: RUN });
  const since = deliver(one, GROUP, { ...enqueue, at: 3, acceptedAt: 3 });
  slow.release();
  expect((await early).outcome).toEqual({ kind: 'duplicate' });
  expect((await since).outcome).toEqual({ kind: 'applied' });
  expect((await other.loadGroup(GROUP))?.holders).toEqual([RUN]);
});

/** A store whose first answer of a journal is on its way until it is released. */
function held(of: Store): { store: Store; read: Promise<void>; release(): void } {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const read: Store['read'] = async (stream) => {
    const entries = await of.read(stream);
    arrived.resolve();
    await released.promise;
    return entries;
  };
  const slow = new Proxy(of, {
    get: (target, name) => {
      if (name === 'read') return read;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { store: slow, read: arrived.promise, release: released.resolve };
}

function advance(on: Store): Advance {
  return new Advance({
    store: on,
    clock: systemClock,
    limits: defaultPlaneLimits,
    shared: true,
    tellsEnds: false,
    envOf: envOfSequence,
    onCommitted: (batch) => {
      for (const one of batch) one.done();
    },
    onWaited: () => {},
    onUncertain: () => {},
    onError: () => {},
  });
}

function deliver(to: Advance, stream: string, input: RunInput | GroupInput): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    to.deliver(stream, input, {
      done: (verdict, error) => (verdict ? resolve(verdict) : reject(error ?? new Error('no verdict'))),
    });
  });
}

function trigger(): RunInput {
  const event: CloudEvent = {
    ...{ specversion: '1.0', id: 'trigger-1', source: '/test', type: 'dev.seq.triggered' },
    data: { project: 'shop' },
  };
  return {
    ...{
      kind: 'trigger',
      at: 1,
      run: RUN,
      project: 'shop',
      stage: 'dev',
      sequence: 'seq',
      dialect: 'plain',
      lenient: false,
    },
    ...{ bodyHash: 'hash', planVersion: 'v1', correlationId: RUN, depth: 0, event, json: JSON.stringify(event) },
  };
}

function envOfSequence(): Env {
  const { plan, problems } = parseShipyard(SHIPYARD);
  if (plan === undefined) throw new Error(problems.map(({ message }) => message).join());
  return indexPlan(plan, createEvaluator())('dev', 'seq');
}
