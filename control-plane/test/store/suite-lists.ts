import { phasesOf, type RunStateFilter, runPhases, runStateSchema, stateOfPhase } from '@slipway/contract';
import { expect, test } from 'vitest';
import { InvalidCursor, type RunQuery, type Store, type StoredEvent } from '../../src/store/store.ts';
import { everyPage, firstOf, idsOf, itemOf, NOON, put, summaryOf } from './builders.ts';
import type { Fixture } from './fixture.ts';

export function listClaims(fixture: Fixture): void {
  const runIds = async (store: Store, query: Omit<RunQuery, 'limit'>) =>
    (await store.listRuns({ ...query, limit: 50 })).items.map((run) => run.id);

  test('a run is shown as its last summary says', async () => {
    const store = await fixture.store();
    expect(await store.getRun('run1')).toBeUndefined();
    const summary = summaryOf('run1', { service: 'cart', labels: { $where: 'a.b', 'x.y': '', __proto__x: '1' } });
    await put(store, firstOf('run1', summary));
    expect(await store.getRun('run1')).toEqual(summary);
    const done = {
      ...summary,
      state: 'finished',
      phase: 'passed',
      result: 'pass',
      status: 'succeeded',
      finishedAt: NOON + 9,
    } as const;
    await put(store, itemOf('run1', 2));
    expect(await store.getRun('run1')).toEqual(summary);
    await put(store, itemOf('run1', 3, { summary: done }));
    expect(await store.getRun('run1')).toEqual(done);
    await put(store, itemOf('group:g', 1));
    expect(await store.getRun('group:g')).toBeUndefined();
    expect((await store.listRuns({ limit: 10 })).items).toEqual([done]);
  });

  test('every field of a run query filters, alone and together', async () => {
    const store = await fixture.store();
    await put(store, firstOf('r1', { acceptedAt: NOON + 1, labels: { team: 'a', tier: 'gold' } }));
    await put(store, firstOf('r2', { acceptedAt: NOON + 2, project: 'bank', service: 'cart' }));
    await put(store, firstOf('r3', { acceptedAt: NOON + 3, stage: 'prod', correlationid: 'shared' }));
    await put(store, firstOf('r4', { acceptedAt: NOON + 4, sequence: 'rollback', correlationid: 'shared' }));
    await put(store, firstOf('r5', { acceptedAt: NOON + 5, state: 'finished', result: 'fail', labels: { team: 'b' } }));
    expect(await runIds(store, {})).toEqual(['r5', 'r4', 'r3', 'r2', 'r1']);
    expect(await runIds(store, { project: 'bank' })).toEqual(['r2']);
    expect(await runIds(store, { project: 'shop' })).toEqual(['r5', 'r4', 'r3', 'r1']);
    expect(await runIds(store, { stage: 'prod' })).toEqual(['r3']);
    expect(await runIds(store, { sequence: 'rollback' })).toEqual(['r4']);
    expect(await runIds(store, { service: 'cart' })).toEqual(['r2']);
    expect(await runIds(store, { state: 'finished' })).toEqual(['r5']);
    expect(await runIds(store, { state: 'running', project: 'shop' })).toEqual(['r4', 'r3', 'r1']);
    expect(await runIds(store, { result: 'fail' })).toEqual(['r5']);
    expect(await runIds(store, { result: 'pass' })).toEqual([]);
    expect(await runIds(store, { correlationid: 'shared' })).toEqual(['r4', 'r3']);
    expect(await runIds(store, { correlationid: 'shared', stage: 'prod' })).toEqual(['r3']);
    expect(await runIds(store, { labels: { team: 'a' } })).toEqual(['r1']);
    expect(await runIds(store, { labels: { team: 'a', tier: 'gold' } })).toEqual(['r1']);
    expect(await runIds(store, { labels: { team: 'a', tier: 'silver' } })).toEqual([]);
    expect(await runIds(store, { since: NOON + 2, until: NOON + 4 })).toEqual(['r3', 'r2']);
    expect(await runIds(store, { project: 'nobody' })).toEqual([]);
    await put(store, itemOf('r1', 2, { summary: summaryOf('r1', { acceptedAt: NOON + 1, state: 'paused' }) }));
    expect(await runIds(store, { state: 'paused' })).toEqual(['r1']);
  });

  test('pages of runs join without gap or repeat, also while runs are added', async () => {
    const store = await fixture.store();
    const runs = Array.from({ length: 23 }, (_, index) => `run${String(index).padStart(2, '0')}`);
    // Four at a time share their time of acceptance.
    for (const [index, run] of runs.entries()) {
      await put(store, firstOf(run, { acceptedAt: NOON + Math.floor(index / 4), stage: index % 2 ? 'dev' : 'prod' }));
    }
    const all = await everyPage((page) => store.listRuns(page), 5);
    expect(all.map((run) => run.id)).toEqual(runs.toReversed());
    const odd = await everyPage((page) => store.listRuns({ stage: 'dev', ...page }), 3);
    expect(odd.map((run) => run.id)).toEqual(runs.filter((_, index) => index % 2).toReversed());
    const first = await store.listRuns({ limit: 5 });
    await put(store, firstOf('zzz', { acceptedAt: NOON + 99 }));
    const second = await store.listRuns({ limit: 5, ...(first.next === undefined ? {} : { cursor: first.next }) });
    expect(second.items.map((run) => run.id)).toEqual(runs.toReversed().slice(5, 10));
  });

  test('a cursor that is not one of ours is refused', async () => {
    const store = await fixture.store();
    for (const run of ['a', 'b', 'c']) await put(store, firstOf(run));
    const runs = (await store.listRuns({ limit: 1 })).next ?? '';
    const events = (await store.listEvents({ limit: 1 })).next ?? '';
    expect([runs, events]).not.toContain('');
    const forged = ['garbage', '', 'null', '../../etc/passwd', '{"$gt":""}', 'A'.repeat(10_000), '-1', '0'];
    for (const cursor of [...forged, events, `${runs}x`, runs.slice(0, -1), `x${runs}`]) {
      await expect(store.listRuns({ limit: 1, cursor }), cursor).rejects.toThrow(InvalidCursor);
    }
    for (const cursor of [...forged, runs, `${events}x`, events.slice(0, -1), `x${events}`]) {
      await expect(store.listEvents({ limit: 1, cursor }), cursor).rejects.toThrow(InvalidCursor);
    }
    await expect(store.eventsAfter({ position: 'garbage', limit: 1 })).rejects.toThrow(InvalidCursor);
  });

  test('an event is listed with what its run says, and its own text', async () => {
    const store = await fixture.store();
    const item = firstOf('run1', { service: 'cart' }, { told: [{ id: 'e1', source: 's', ignored: 'unknown-task' }] });
    const [position] = await put(store, item);
    const event: StoredEvent = {
      position: position ?? '',
      at: item.at,
      direction: 'in',
      stream: 'run1',
      project: 'shop',
      stage: 'dev',
      service: 'cart',
      correlationid: 'context-run1',
      type: 'build.finished',
      source: 's',
      ignored: 'unknown-task',
      json: item.events[0] ?? '',
    };
    expect((await store.listEvents({ limit: 10 })).items).toEqual([event]);
    expect(await store.findEvent('e1')).toEqual(event);
    await expect.poll(() => store.eventsAfter({ limit: 10 })).toEqual([event]);
  });

  test('every field of an event query filters, also for entries that carried no summary', async () => {
    const store = await fixture.store();
    const tell = (id: string, type = 'build.finished', source = 'builder') => [{ id, type, source }];
    await put(store, firstOf('r1', {}, { told: tell('e1', 'dev.delivery.triggered', 'ci'), at: NOON + 10 }));
    await put(
      store,
      firstOf('r2', { project: 'bank', stage: 'prod', service: 'cart' }, { told: tell('e2'), at: NOON + 20 }),
    );
    await put(store, itemOf('r1', 2, { told: tell('e3'), at: NOON + 30 }));
    await put(
      store,
      itemOf('r2', 2, { told: [...tell('e4', 'test.finished', 'tester'), ...tell('e5')], at: NOON + 40 }),
    );
    const ids = async (query: object) => idsOf((await store.listEvents({ ...query, limit: 50 })).items);
    expect(await ids({})).toEqual(['e5', 'e4', 'e3', 'e2', 'e1']);
    expect(await ids({ order: 'newest' })).toEqual(['e5', 'e4', 'e3', 'e2', 'e1']);
    expect(await ids({ order: 'oldest' })).toEqual(['e1', 'e2', 'e3', 'e4', 'e5']);
    expect(await ids({ run: 'r1' })).toEqual(['e3', 'e1']);
    expect(await ids({ run: 'r2', order: 'oldest' })).toEqual(['e2', 'e4', 'e5']);
    expect(await ids({ correlationid: 'context-r2' })).toEqual(['e5', 'e4', 'e2']);
    expect(await ids({ run: 'r1', correlationid: 'context-r2' })).toEqual([]);
    expect(await ids({ type: 'build.finished' })).toEqual(['e5', 'e3', 'e2']);
    expect(await ids({ source: 'tester' })).toEqual(['e4']);
    expect(await ids({ source: 'tester', type: 'build.finished' })).toEqual([]);
    expect(await ids({ project: 'bank' })).toEqual(['e5', 'e4', 'e2']);
    expect(await ids({ project: 'shop' })).toEqual(['e3', 'e1']);
    expect(await ids({ stage: 'prod', type: 'test.finished' })).toEqual(['e4']);
    expect(await ids({ service: 'cart' })).toEqual(['e5', 'e4', 'e2']);
    expect(await ids({ since: NOON + 20, until: NOON + 40 })).toEqual(['e3', 'e2']);
    expect(await ids({ run: 'nobody' })).toEqual([]);
    expect(await ids({ type: 'nothing' })).toEqual([]);
    expect(await ids({ type: '*.finished', stage: 'prod' })).toEqual(['e5', 'e4', 'e2']);
    expect(await ids({ type: 'b*d' })).toEqual(await ids({ type: 'build.finished' }));
    expect(await ids({ type: 'build.*', source: 'tester' })).toEqual([]);
    expect(await ids({ type: '*.nothing' })).toEqual([]);
    expect(await ids({ run: 'r2', type: 'build.finished', since: NOON + 21 })).toEqual(['e5']);
  });

  test('pages of events join within an entry, in both orders', async () => {
    const store = await fixture.store();
    for (let seq = 1; seq <= 4; seq += 1) {
      const told = Array.from({ length: 5 }, (_, index) => ({
        id: `e${seq}${index}`,
        type: index % 2 ? 'a.b' : 'c.d',
      }));
      await put(store, seq === 1 ? firstOf('run1', {}, { told }) : itemOf('run1', seq, { told }));
    }
    const expected = [1, 2, 3, 4].flatMap((seq) => [0, 1, 2, 3, 4].map((index) => `e${seq}${index}`));
    for (const filter of [{}, { run: 'run1' }, { project: 'shop' }, { correlationid: 'context-run1' }]) {
      const oldest = await everyPage((page) => store.listEvents({ ...filter, order: 'oldest', ...page }), 3);
      expect(idsOf(oldest)).toEqual(expected);
      const newest = await everyPage((page) => store.listEvents({ ...filter, ...page }), 7);
      expect(idsOf(newest)).toEqual(expected.toReversed());
    }
    const some = await everyPage((page) => store.listEvents({ type: 'a.b', ...page }), 3);
    expect(idsOf(some)).toEqual(expected.filter((id) => /[13]$/.test(id)).toReversed());
  });

  test('an event is found by its id, and by source where two senders used the same', async () => {
    const store = await fixture.store();
    await put(store, firstOf('run1', {}, { told: [{ id: 'same', source: 'a', data: 'first' }, { id: 'other' }] }));
    await put(store, firstOf('run2', {}, { told: [{ id: 'same', source: 'b', data: 'second' }] }));
    await put(store, itemOf('run2', 2, {}));
    expect((await store.findEvent('same'))?.json).toContain('first');
    expect((await store.findEvent('same', 'a'))?.json).toContain('first');
    expect((await store.findEvent('same', 'b'))?.json).toContain('second');
    expect((await store.findEvent('other'))?.source).toBe('test');
    expect(await store.findEvent('same', 'c')).toBeUndefined();
    expect(await store.findEvent('nobody')).toBeUndefined();
    // What the control plane sent is found as well: its id begins with the run's.
    expect(await store.findEvent('run2.build.2')).toMatchObject({ direction: 'out', stream: 'run2' });
  });

  test('an answer is found by its id, also when that begins with the id of its run', async () => {
    const store = await fixture.store();
    const told = ['run1.build.1.finished.x', 'run1-by-hand', 'run1'].map((id) => ({ id, source: 'builder' }));
    await put(store, firstOf('run1', {}, { told }));
    for (const { id } of told) {
      expect(await store.findEvent(id)).toMatchObject({ direction: 'in', stream: 'run1', source: 'builder' });
      expect(await store.findEvent(id, 'somebody')).toBeUndefined();
    }
    expect(await store.findEvent('run1.build.1.finished.y')).toBeUndefined();
  });

  test('events are replayed from a position, oldest first, each once', async () => {
    const store = await fixture.store();
    expect(await store.lastPosition()).toBeUndefined();
    expect(await store.eventsAfter({ limit: 10 })).toEqual([]);
    const positions: string[] = [];
    for (let seq = 1; seq <= 10; seq += 1) {
      positions.push(...(await put(store, seq === 1 ? firstOf('run1') : itemOf('run1', seq))));
      positions.push(...(await put(store, seq === 1 ? firstOf('run2') : itemOf('run2', seq))));
    }
    await expect.poll(() => store.lastPosition()).toBe(positions.at(-1));
    const seen: string[] = [];
    for (;;) {
      const position = seen.at(-1);
      const page = await store.eventsAfter(position === undefined ? { limit: 7 } : { position, limit: 7 });
      expect(page.length).toBeLessThanOrEqual(7);
      if (page.length === 0) break;
      seen.push(...page.map((event) => event.position));
    }
    expect(seen).toEqual(positions);
  });

  test('a reader who follows while others write misses nothing', async () => {
    const { store, another } = await fixture.opened();
    const second = await another?.();
    const written: string[] = [];
    const write = async (by: Store, run: string): Promise<void> => {
      for (let seq = 1; seq <= 40; seq += 1) {
        written.push(...(await put(by, seq === 1 ? firstOf(run) : itemOf(run, seq))));
      }
    };
    const writing = Promise.all([write(store, 'a'), write(second ?? store, 'b'), write(second ?? store, 'c')]);
    const seen: string[] = [];
    await expect
      .poll(
        async () => {
          const position = seen.at(-1);
          const page = await store.eventsAfter(position === undefined ? { limit: 20 } : { position, limit: 20 });
          seen.push(...page.map((event) => event.position));
          return seen.length;
        },
        { timeout: 90_000, interval: 1 },
      )
      .toBe(240);
    await writing;
    expect(seen).toEqual(written.toSorted());
    await second?.close();
  });

  test('events of a group, which is no run, need none', async () => {
    const store = await fixture.store();
    await put(store, itemOf('group:g', 1, { told: [] }));
    expect((await store.listEvents({ limit: 10 })).items).toEqual([]);
    expect(await store.countRuns({ project: 'shop', open: true })).toBe(0);
  });

  test('runs of a project are counted, open or finished', async () => {
    const store = await fixture.store();
    await put(store, firstOf('a'));
    await put(store, firstOf('b', { state: 'waiting' }));
    await put(store, firstOf('c', { state: 'paused', project: 'bank' }));
    await put(store, firstOf('d', { state: 'finished', result: 'pass', finishedAt: NOON }));
    expect(await store.countRuns({ project: 'shop', open: true })).toBe(2);
    expect(await store.countRuns({ project: 'shop', open: false })).toBe(1);
    expect(await store.countRuns({ project: 'bank', open: true })).toBe(1);
    expect(await store.countRuns({ project: 'nobody', open: true })).toBe(0);
  });

  test('each phase is a filter and a count of its own, and a state stands for all of its phases', async () => {
    const store = await fixture.store();
    for (const [index, phase] of runPhases.entries()) {
      const state = stateOfPhase(phase);
      const ended = state === 'finished' ? ({ result: 'pass', finishedAt: NOON } as const) : {};
      await put(store, firstOf(phase, { ...ended, phase, state, acceptedAt: NOON + index }));
    }
    for (const phase of runPhases) {
      expect((await store.listRuns({ state: phase, limit: 9 })).items).toEqual([await store.getRun(phase)]);
      expect(await store.tallyRuns({ state: phase })).toMatchObject([{ phase, state: stateOfPhase(phase), count: 1 }]);
    }
    const ids = async (state: RunStateFilter) =>
      (await store.listRuns({ state, limit: 99 })).items.map(({ id }) => id).toSorted();
    for (const state of runStateSchema.options) expect(await ids(state)).toEqual(phasesOf(state).toSorted());
    expect(await store.countRuns({ project: 'shop', open: false })).toBe(4);
    const change = { phase: 'aborted', state: 'finished', result: 'fail', finishedAt: NOON } as const;
    await put(store, itemOf('working', 2, { summary: summaryOf('working', { ...change, acceptedAt: NOON }) }));
    expect(await ids('aborted')).toEqual(['aborted', 'working']);
    expect(await runIds(store, { result: 'pass' })).toEqual(['failed', 'warning', 'passed']);
    expect(await runIds(store, { result: 'fail' })).toEqual(['aborted', 'working']);
    expect(await ids('working')).toEqual([]);
  });

  test('runs are counted by state and result, and places are listed with what ran there last', async () => {
    const store = await fixture.store();
    const ended = { state: 'finished', finishedAt: NOON } as const;
    await put(store, firstOf('a', { ...ended, result: 'pass', acceptedAt: NOON + 1 }));
    await put(store, firstOf('b', { ...ended, result: 'fail', acceptedAt: NOON + 2 }));
    await put(store, firstOf('c', { ...ended, result: 'pass', acceptedAt: NOON + 3, stage: 'prod', service: 'cart' }));
    await put(store, firstOf('d', { acceptedAt: NOON + 4, labels: { team: 'north' } }));
    await put(store, firstOf('e', { ...ended, result: 'pass', acceptedAt: NOON + 5, project: 'bank' }));
    const counts = async (query: Omit<RunQuery, 'limit'>) =>
      (await store.tallyRuns(query)).map(({ state, result, count }) => `${state} ${result} ${count}`).toSorted();
    expect(await counts({ project: 'shop' })).toEqual(['finished fail 1', 'finished pass 2', 'running undefined 1']);
    expect(await counts({ labels: { team: 'north' } })).toEqual(['running undefined 1']);
    expect(await counts({ project: 'nobody' })).toEqual([]);
    const shop = [
      { project: 'shop', stage: 'dev', open: 1, last: await store.getRun('b') },
      { project: 'shop', stage: 'prod', service: 'cart', open: 0, last: await store.getRun('c') },
    ];
    expect(await store.listPlaces({ project: 'shop', limit: 10 })).toEqual(shop);
    const bank = { project: 'bank', stage: 'dev', open: 0, last: await store.getRun('e') };
    expect(await store.listPlaces({ limit: 10 })).toEqual([bank, ...shop]);
    expect(await store.listPlaces({ limit: 1 })).toEqual([bank]);
    expect(await store.listPlaces({ project: 'nobody', limit: 10 })).toEqual([]);
  });
}
