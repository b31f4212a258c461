import { phaseOfRow, phasesOf, type RunSummary } from '@slipway/contract';
import { expect } from 'vitest';
import type { CommitItem, EventQuery, RunPlace, RunQuery, RunTally, Store } from '../../src/store/store.ts';
import { idsOf, itemOf, NOON, put, summaryOf } from './builders.ts';

const MINUTE_MS = 60_000;
const BATCH = 500;
const CROWD = { project: 'crowd', stage: 'all', sequence: 'crowd', service: 'many' };

type Where = Pick<RunSummary, 'project' | 'stage' | 'sequence'> & { service: string | undefined; team: string };
export type Change =
  | { what: 'begin'; place: Where; state: RunSummary['state'] }
  | { what: 'change'; run: number; state: RunSummary['state'] }
  | { what: 'end'; run: number; result: 'pass' | 'warning' | 'fail' }
  | { what: 'forget'; project: string; keep: number };
type Filter = Omit<RunQuery, 'limit' | 'cursor'>;
type Told = { id: string; run: string; at: number; type: string; source: string };

/** A store to which things happen, on both of two replicas where there are two, and what its journals say of its runs. */
export class OverviewWorld {
  #store: Store;
  readonly #other: Store | undefined;
  readonly #seqs = new Map<string, number>();
  readonly #told: Told[] = [];
  /** Nobody touches them any more: their journals need no reading. */
  readonly #crowd: RunSummary[] = [];
  #open: string[] = [];
  #turn = 0;

  constructor(store: Store, other: Store | undefined) {
    this.#store = store;
    this.#other = other;
  }

  replace(store: Store): void {
    this.#store = store;
  }

  async end(): Promise<void> {
    await this.#other?.close();
  }

  async apply(change: Change): Promise<void> {
    if (change.what === 'begin') return this.#begin(change.place, change.state);
    if (change.what === 'forget') {
      // What was written behind the commits is written when it has been asked for.
      for (const store of this.#stores()) await store.listRuns({ limit: 1 });
      await this.#writer().deleteFinishedRuns({ project: change.project, keep: change.keep, limit: 5 });
      return undefined;
    }
    const run = this.#open[change.run % Math.max(1, this.#open.length)];
    const summary = run === undefined ? undefined : await this.#lastSaid(run);
    if (summary === undefined) return undefined;
    if (change.what === 'change') return this.#write({ ...summary, ...stateAndPhase({ state: change.state }) });
    this.#open = this.#open.filter((one) => one !== run);
    const finishedAt = summary.acceptedAt + 9;
    const end = { state: 'finished', status: 'succeeded', result: change.result } as const;
    return this.#write({ ...summary, ...end, ...stateAndPhase(end), finishedAt });
  }

  /** Many finished runs of a place of their own, after all that there is. */
  async crowd(size: number): Promise<void> {
    for (let first = 0; first < size; first += BATCH) {
      const items = Array.from({ length: BATCH }, () => {
        const { id, acceptedAt } = this.#next();
        const end = { state: 'finished', result: 'pass', finishedAt: acceptedAt + 9 } as const;
        const summary = summaryOf(id, { ...CROWD, acceptedAt, ...end });
        this.#crowd.push(summary);
        return this.#entry(summary);
      });
      await this.#store.commit(items);
    }
  }

  async compare(hint: string): Promise<void> {
    const runs = await this.#runs();
    const middle = runs[Math.floor(runs.length / 2)]?.acceptedAt ?? NOON;
    for (const store of this.#stores()) {
      for (const filter of filtersAround(middle)) {
        const label = `${hint}: ${JSON.stringify(filter)}`;
        const fitting = runs.filter((run) => fits(run, filter));
        expect((await store.listRuns({ ...filter, limit: 40 })).items, label).toEqual(fitting.slice(0, 40));
        expect(inOrder(await store.tallyRuns(filter)), label).toEqual(inOrder(tallyOf(fitting)));
      }
      for (const where of [{}, { project: 'shop' }, { project: 'nobody' }]) {
        expect(await store.listPlaces({ limit: 100, ...where }), hint).toEqual(
          placesOf(runs.filter((run) => fits(run, where))),
        );
      }
      for (const query of eventQueriesAround(middle)) await this.#compareEvents(store, { query, runs, hint });
    }
  }

  /** Replicas do not say in which order their events were; one alone does. */
  async #compareEvents(
    store: Store,
    of: { query: Omit<EventQuery, 'limit'>; runs: RunSummary[]; hint: string },
  ): Promise<void> {
    const { query, runs, hint } = of;
    const byId = new Map(runs.map((run) => [run.id, run]));
    const told = this.#told.filter((one) => {
      const run = byId.get(one.run);
      return run !== undefined && fits({ ...run, acceptedAt: one.at }, query) && (query.type ?? one.type) === one.type;
    });
    const ids = told.filter(({ source }) => (query.source ?? source) === source).map(({ id }) => id);
    if (query.order !== 'oldest') ids.reverse();
    const label = `${hint}: events ${JSON.stringify(query)}`;
    if (this.#other === undefined) {
      expect(idsOf((await store.listEvents({ ...query, limit: 40 })).items), label).toEqual(ids.slice(0, 40));
    } else {
      expect(idsOf((await store.listEvents({ ...query, limit: 5_000 })).items).toSorted(), label).toEqual(
        ids.toSorted(),
      );
    }
  }

  #stores(): Store[] {
    return this.#other === undefined ? [this.#store] : [this.#store, this.#other];
  }

  #writer(): Store {
    return this.#turn % 2 === 0 ? (this.#other ?? this.#store) : this.#store;
  }

  #next(): { id: string; acceptedAt: number } {
    this.#turn += 1;
    return { id: `run${String(this.#turn).padStart(6, '0')}`, acceptedAt: NOON + this.#turn * 7 * MINUTE_MS };
  }

  #begin({ team, service, ...where }: Where, state: RunSummary['state']): Promise<void> {
    const { id, acceptedAt } = this.#next();
    this.#open.push(id);
    const own = { ...where, ...(service === undefined ? {} : { service }), labels: { team } };
    return this.#write(summaryOf(id, { ...own, state, acceptedAt }));
  }

  async #write(summary: RunSummary): Promise<void> {
    this.#turn += 1;
    await put(this.#writer(), this.#entry(summary));
  }

  /** An entry whose header is the run as it is after it. */
  #entry(summary: RunSummary): CommitItem {
    const seq = (this.#seqs.get(summary.id) ?? 0) + 1;
    if (summary.project !== CROWD.project) this.#seqs.set(summary.id, seq);
    const isOver = summary.state === 'finished';
    const told = { id: `${summary.id}/${seq}`, type: `${summary.state}.told`, source: summary.labels?.team ?? 'crowd' };
    const at = summary.acceptedAt + seq;
    this.#told.push({ ...told, run: summary.id, at });
    return itemOf(summary.id, seq, { summary, header: JSON.stringify(summary), at, told: [told], open: !isOver });
  }

  async #lastSaid(run: string): Promise<RunSummary | undefined> {
    const last = (await this.#store.read(run)).at(-1);
    return last === undefined ? undefined : (JSON.parse(last.header) as RunSummary);
  }

  /** Newest first; what retention took has no journal any more. */
  async #runs(): Promise<RunSummary[]> {
    const said = await Promise.all([...this.#seqs.keys()].map((run) => this.#lastSaid(run)));
    return [...said.filter((run) => run !== undefined), ...this.#crowd].toSorted((a, b) => b.acceptedAt - a.acceptedAt);
  }
}

function fits(run: RunSummary, filter: Filter): boolean {
  if (filter.result !== undefined && filter.result !== (run.phase === 'aborted' ? 'fail' : run.result)) return false;
  if (filter.state !== undefined && !phasesOf(filter.state).includes(run.phase)) return false;
  for (const key of ['project', 'stage', 'sequence', 'service', 'correlationid'] as const)
    if (filter[key] !== undefined && filter[key] !== run[key]) return false;
  if (run.acceptedAt < (filter.since ?? 0) || run.acceptedAt >= (filter.until ?? Number.POSITIVE_INFINITY))
    return false;
  return Object.entries(filter.labels ?? {}).every(([key, value]) => run.labels?.[key] === value);
}

function filtersAround(middle: number): Filter[] {
  const hours = { since: middle - 5 * 60 * MINUTE_MS, until: middle + 90 * MINUTE_MS };
  return [
    {},
    { project: 'shop' },
    { stage: 'prod' },
    { sequence: 'rollback', service: 'cart' },
    { project: 'bank', state: 'finished', result: 'fail' },
    { state: 'running' },
    { state: 'working', project: 'shop' },
    { state: 'finished', stage: 'dev' },
    { state: 'passed' },
    { state: 'aborted' },
    { state: 'waiting', stage: 'dev' },
    { result: 'warning' },
    { result: 'pass' },
    { labels: { team: 'a' } },
    { labels: { team: 'b' }, stage: 'dev', result: 'fail' },
    { since: middle },
    { until: middle },
    hours,
    { ...hours, stage: 'prod' },
    { ...hours, labels: { team: 'a' } },
    { correlationid: 'context-run000001' },
    { stage: 'nowhere' },
  ];
}

function eventQueriesAround(middle: number): Omit<EventQuery, 'limit'>[] {
  return [
    {},
    { project: 'shop' },
    { stage: 'prod', order: 'oldest' },
    { service: 'mail' },
    { type: 'running.told' },
    { type: 'finished.told', source: 'a' },
    { source: 'b', order: 'oldest' },
    { type: 'parked.told', project: 'bank', stage: 'dev' },
    { since: middle },
    { until: middle },
    { since: middle - 60 * MINUTE_MS, until: middle, type: 'finished.told' },
    { type: 'nothing.told' },
  ];
}

function tallyOf(runs: readonly RunSummary[]): RunTally[] {
  return [...Map.groupBy(runs, ({ phase, result }) => JSON.stringify([phase, result])).values()].map((group) => {
    const { state = 'running', phase = 'working', result } = group[0] ?? {};
    return { state, phase, ...(result === undefined ? {} : { result }), count: group.length };
  });
}

function inOrder(tallies: readonly RunTally[]): string[] {
  return tallies.map(({ state, phase, result, count }) => `${state} ${phase} ${result} ${count}`).toSorted();
}

/** From runs that are newest first. */
function placesOf(runs: readonly RunSummary[]): RunPlace[] {
  const groups = Map.groupBy(runs, ({ project, stage, service }) => JSON.stringify([project, stage, service]));
  return [...groups.values()].map((group) => {
    const { project = '', stage = '', service } = group[0] ?? {};
    const last = group.find(({ state }) => state === 'finished');
    return {
      project,
      stage,
      ...(service === undefined ? {} : { service }),
      open: group.filter(({ state }) => state !== 'finished').length,
      ...(last === undefined ? {} : { last }),
    };
  });
}

function stateAndPhase(row: Pick<RunSummary, 'state' | 'result'>): Pick<RunSummary, 'state' | 'phase'> {
  return { state: row.state, phase: phaseOfRow(row) };
}
