import { hash } from 'node:crypto';
import type {
  Accepted,
  CloudEvent,
  Evaluation,
  EvaluationRequest,
  EvaluationStarted,
  EvaluationSummary,
  JsonObject,
  ReplayAnswer,
  WhatIfAnswer,
  WhatIfRequest,
} from '@slipway/contract';
import {
  attemptId,
  causationOf,
  isObject,
  linkAttributes,
  ownValue,
  parseAttemptId,
  spellType,
} from '@slipway/contract';
import {
  type DecisionInput,
  decide,
  type PreviousEvaluation,
  previousOf,
  resolveWindow,
  whatIf,
} from '@slipway/evaluation';
import type { Run } from '../../engine/index.ts';
import type { EvaluationQuery, EvaluationRow, ListedEvaluation, Store } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import type { ReceivedEvent } from '../control-plane.ts';
import { Refusal } from '../control-plane.ts';
import type { PlaneLog } from '../outside.ts';
import type { ProjectBook } from '../project-book.ts';
import { evaluationRow, evaluationTypes, sloTextOf, summaryOf } from './evaluation-row.ts';
import { changedValues, explanationOf, inputOf, judgementOf, nothingJudged, replayed } from './judge-again.ts';
import { type Marked, Marks } from './marks.ts';
import type { EvaluationFilter, Evaluations, ServicePlace, Who } from './ports.ts';
import { reportOf } from './report.ts';

const SOURCE = '/v1/evaluations';
/** What the API of Keptn judged when it was told no time. */
const TIMEFRAME_DEFAULT = '5m';
/** Rows that are looked at for one page: filters beyond the indexes may match few of them. */
const SCANNED_MAX = 2000;
const SCAN_PAGE = 200;
const REPORT_RUNS = 60;
const CATCH_UP_RETRY_MS = 10_000;
const CATCH_UP_FAILURES_MAX = 360;
const CATCH_UP_PAGE = 200;
/** Changes when rows say more than those that were written before. */
const ROWS_VERSION = 1;

type Page = { items: EvaluationSummary[]; next?: string };

/** Evaluations as rows of the store, what was said about them since, and what they would be under other circumstances. */
export class EvaluationBook implements Evaluations {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: PlaneLog;
  readonly #projects: ProjectBook;
  readonly #marks: Marks;
  readonly #submit: (events: readonly ReceivedEvent[], idempotencyKey?: string) => Promise<Accepted>;
  readonly #loadRun: (run: string) => Promise<Run | undefined>;

  constructor(options: {
    store: Store;
    clock: Clock;
    log: PlaneLog;
    projects: ProjectBook;
    submit(events: readonly ReceivedEvent[], idempotencyKey?: string): Promise<Accepted>;
    loadRun(run: string): Promise<Run | undefined>;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#projects = options.projects;
    this.#marks = new Marks(options);
    this.#submit = options.submit;
    this.#loadRun = options.loadRun;
  }

  // ---- lists

  async list(filter: EvaluationFilter): Promise<Page> {
    await this.#projects.get(filter.project);
    const marks = await this.#marks.of(filter);
    const invalidated = [...marks.values()].flatMap((mark) => (mark.invalidated ? mark.id : []));
    const query = queryOf(filter, invalidated);
    const page: Page = { items: [] };
    let cursor = filter.cursor;
    for (let scanned = 0; scanned < SCANNED_MAX; ) {
      const limit = isPlain(filter) ? filter.limit : Math.max(filter.limit - page.items.length, SCAN_PAGE);
      const found = await this.#store.listEvaluations({ ...query, limit, ...(cursor === undefined ? {} : { cursor }) });
      scanned += found.items.length;
      for (const [index, row] of found.items.entries()) {
        const item = summaryOf(rowOf(row), filter.samples);
        if (!fits(item, filter)) continue;
        page.items.push(withMark(item, marks.get(item.id)));
        const hasMore = index < found.items.length - 1 || found.next !== undefined;
        if (page.items.length === filter.limit) return hasMore ? { ...page, next: row.cursor } : page;
      }
      cursor = found.next;
      if (cursor === undefined) return page;
    }
    return cursor === undefined ? page : { ...page, next: cursor };
  }

  async get(id: string, source?: string): Promise<Evaluation> {
    const row = await this.#find(id, source);
    const mark = await this.#marks.find(row, row.id);
    const summary = withMark(summaryOf(row, true), mark);
    const data = await this.#dataOf(summary);
    const own = ownOf(summary, data);
    const decision = isObject(own.decision) ? own.decision : null;
    return { ...summary, slo: sloTextOf(own) ?? null, decision, data, marks: [...(mark?.marks ?? [])] };
  }

  /** By its own id, or by that of its finished event, which is what others compare with. */
  async #find(id: string, source?: string): Promise<EvaluationRow> {
    const row = await this.#store.findEvaluation(id, source);
    if (row !== undefined) return row;
    const event = await this.#store.findEvent(id, source);
    const ref = event && parseAttemptId(causationOf(JSON.parse(event.json) as CloudEvent) ?? '');
    const found = ref && event && (await this.#store.findEvaluation(attemptId(ref), event.source));
    if (!found) throw new Refusal('unknown-evaluation', `there is no evaluation '${id.slice(0, 80)}'`);
    return found;
  }

  async #dataOf({ event }: EvaluationSummary): Promise<JsonObject> {
    const found = await this.#store.findEvent(event.id, event.source);
    const { data } = found ? (JSON.parse(found.json) as CloudEvent) : {};
    return isObject(data) ? data : {};
  }

  // ---- start

  async start(
    place: ServicePlace,
    request: EvaluationRequest,
    idempotencyKey: string | undefined,
  ): Promise<EvaluationStarted> {
    const { dialect } = await this.#projects.get(place.project);
    const window = this.#windowOf(request);
    const { labels, gitCommitId } = request;
    const commit = gitCommitId === undefined ? {} : { gitCommitId };
    const event: CloudEvent = {
      specversion: '1.0',
      id: this.#freshId(),
      source: SOURCE,
      type: spellType(`${place.stage}.evaluation.triggered`, dialect),
      datacontenttype: 'application/json',
      ...(gitCommitId === undefined ? {} : { gitcommitid: gitCommitId }),
      data: { ...place, ...(labels === undefined ? {} : { labels }), evaluation: { ...window, ...commit } },
    };
    const { items } = await this.#submit([{ event }], idempotencyKey);
    const [item] = items;
    if (item?.run === undefined) throw new Error(`the trigger ${event.id} was taken and started no run`);
    return { run: item.run, correlationid: item.correlationid ?? item.run, window };
  }

  /** The rules of Keptn's API, which is stricter than its event: half a span of time is none. */
  #windowOf({ start, end, timeframe }: EvaluationRequest): EvaluationStarted['window'] {
    const bad = (pointer: string, detail: string): Refusal =>
      new Refusal('invalid-request', detail, { errors: [{ code: 'invalid-request', detail, pointer }] });
    if (end !== undefined && timeframe !== undefined)
      throw bad('/timeframe', "'end' and 'timeframe' are mutually exclusive: leave one out");
    if (end !== undefined && start === undefined) throw bad('/end', "'end' needs 'start'");
    if (start !== undefined && end === undefined && timeframe === undefined)
      throw bad('/start', "'start' needs 'end' or 'timeframe'");
    const evaluation = {
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
      ...(timeframe === undefined && start === undefined ? { timeframe: TIMEFRAME_DEFAULT } : {}),
      ...(timeframe === undefined ? {} : { timeframe }),
    };
    const window = resolveWindow({ evaluation }, this.#clock.now());
    if (!window.ok) throw new Refusal('invalid-window', window.message);
    return { start: window.start, end: window.end };
  }

  #freshId(): string {
    const chance = `${this.#clock.now()} ${this.#clock.random()} ${this.#clock.random()}`;
    return `evaluation-${hash('sha256', chance, 'hex').slice(0, 32)}`;
  }

  // ---- marks

  async invalidate(id: string, who: Who): Promise<EvaluationSummary> {
    const row = await this.#find(id);
    const mark = await this.#marks.find(row, row.id);
    // Everybody hears of it as of any other event; taking it sets the mark.
    if (!mark?.invalidated) await this.#submit([{ event: await this.#invalidatedEvent(row, who) }]);
    return withMark(summaryOf(row, false), await this.#marks.find(row, row.id));
  }

  async reinstate(id: string, who: Who): Promise<EvaluationSummary> {
    const row = await this.#find(id);
    return withMark(summaryOf(row, false), await this.#marks.set(row, row.id, 'reinstate', who));
  }

  async #invalidatedEvent(row: EvaluationRow, { author, reason }: Who): Promise<CloudEvent> {
    const { dialect } = await this.#projects.get(row.project);
    const { project, stage, service } = row;
    const said = { ...(reason === undefined ? {} : { reason }), ...(author === undefined ? {} : { author }) };
    return {
      specversion: '1.0',
      id: this.#freshId(),
      source: SOURCE,
      type: spellType(`${row.task}.invalidated`, dialect),
      datacontenttype: 'application/json',
      ...linkAttributes(dialect, { correlationId: row.correlationid, causationId: row.id }),
      data: { project, stage, ...(service === undefined ? {} : { service }), [row.task]: said },
    };
  }

  /**
   * `<task>.invalidated` was taken. The mark is set before the event is durable: whoever sent it and heard nothing sends it
   * again, and a mark that is there already changes nothing.
   */
  async noteInvalidated(event: CloudEvent, task: string, project: string | undefined): Promise<void> {
    if (task !== 'evaluation' && task !== 'evaluate') return;
    const ref = parseAttemptId(causationOf(event) ?? '');
    const run = ref && (await this.#store.getRun(ref.run));
    if (!ref || !run || (project !== undefined && project !== run.project)) return;
    const data = isObject(event.data) ? event.data : {};
    const own = isObject(data[task]) ? data[task] : {};
    const text = (value: unknown): string | undefined =>
      typeof value === 'string' && value !== '' ? value.slice(0, 1024) : undefined;
    const who = { author: text(own.author) ?? event.source, reason: text(own.reason) };
    await this.#marks.set(run, attemptId(ref), 'invalidate', who);
  }

  deleteAll(project: string): Promise<void> {
    return this.#marks.deleteAll(project);
  }

  // ---- again

  async replay(id: string): Promise<ReplayAnswer> {
    const { evaluation, own, input } = await this.#decided(id);
    return replayed(evaluation, own, input);
  }

  async whatIf(id: string, change: WhatIfRequest): Promise<WhatIfAnswer> {
    const { evaluation, input } = await this.#decided(id);
    const other: Partial<DecisionInput> = {
      ...(change.slo === undefined ? {} : { slo: change.slo }),
      ...(change.baseline === undefined ? {} : { history: await this.#history(change.baseline, 'refuse') }),
      ...(change.values === undefined ? {} : { values: changedValues(input.values, change.values) }),
    };
    const { before, after, differences } = whatIf(input, other);
    return {
      id: evaluation.id,
      differences: [...differences],
      before: judgementOf(explanationOf(before)),
      after: judgementOf(explanationOf(after)),
    };
  }

  async report(id: string): Promise<string> {
    const row = await this.#find(id);
    const evaluation = summaryOf(row, true);
    const { project, stage, service } = evaluation;
    const place = { project, stage, ...(service === undefined ? {} : { service }) };
    const runs = await this.list({ ...place, until: evaluation.at + 1, samples: false, limit: REPORT_RUNS });
    const own = ownOf(evaluation, await this.#dataOf(evaluation));
    const again = async (): Promise<DecisionInput> => (await this.#decided(id)).input;
    return reportOf({ evaluation, own, runs: runs.items, explain: async () => explanationOf(decide(await again())) });
  }

  async #decided(id: string): Promise<{ evaluation: EvaluationSummary; own: JsonObject; input: DecisionInput }> {
    const evaluation = summaryOf(await this.#find(id), true);
    if (evaluation.slis === null) throw nothingJudged(evaluation);
    const own = ownOf(evaluation, await this.#dataOf(evaluation));
    const history = await this.#history(evaluation.comparedEvents, 'leave-out');
    return { evaluation, own, input: inputOf(evaluation, own, history) };
  }

  async #history(ids: readonly string[], unknown: 'refuse' | 'leave-out'): Promise<PreviousEvaluation[]> {
    const found: PreviousEvaluation[] = [];
    for (const id of ids) {
      const row = await this.#find(id).catch((error: unknown) => {
        if (unknown === 'refuse' || !(error instanceof Refusal)) throw error;
        return undefined;
      });
      if (row !== undefined) found.push(previousOf(summaryOf(row, true)));
    }
    return found;
  }

  // ---- data of an older program

  /** Tries on while the store fails: otherwise those evaluations would be missing from every list until a restart. */
  async catchUp(): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        await this.#listOlder();
        return;
      } catch (error) {
        if (failures >= CATCH_UP_FAILURES_MAX) throw error;
        this.#log.warn({ error: String(error) }, 'evaluations of older data could not be listed, trying again');
        await new Promise<void>((resolve) => void this.#clock.after(CATCH_UP_RETRY_MS, resolve));
      }
    }
  }

  async #listOlder(): Promise<void> {
    const done = await this.#store.getDocument('meta', 'evaluations');
    if (done !== undefined && Number(done.value) >= ROWS_VERSION) return;
    let count = 0;
    for (const type of evaluationTypes) count += await this.#catchUpType(type);
    await this.#store.putDocument('meta', 'evaluations', ROWS_VERSION);
    if (count > 0) this.#log.info({ evaluations: count }, 'evaluations of older data are listed');
  }

  async #catchUpType(type: string): Promise<number> {
    let count = 0;
    let cursor: string | undefined;
    do {
      const from = cursor === undefined ? {} : { cursor };
      const page = await this.#store.listEvents({ type, order: 'oldest', limit: CATCH_UP_PAGE, ...from });
      const rows: EvaluationRow[] = [];
      for (const { stream, direction, ignored, at, json } of page.items) {
        const run = direction === 'in' && ignored === undefined ? await this.#loadRun(stream) : undefined;
        const task = type.startsWith('evaluation.') ? 'evaluation' : 'evaluate';
        const row = run && evaluationRow(run, task, at, JSON.parse(json) as CloudEvent);
        if (row) rows.push(row);
      }
      await this.#store.addEvaluations(rows);
      count += rows.length;
      cursor = page.next;
    } while (cursor !== undefined);
    return count;
  }
}

function queryOf(filter: EvaluationFilter, invalidated: readonly string[]): Omit<EvaluationQuery, 'limit' | 'cursor'> {
  const { project, stage, service, task, results, correlationid, since, until } = filter;
  return {
    project,
    ...(stage === undefined ? {} : { stage }),
    ...(service === undefined ? {} : { service }),
    ...(task === undefined ? {} : { task }),
    ...(results === undefined ? {} : { results }),
    ...(correlationid === undefined ? {} : { correlationid }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(filter.invalidated === true ? { ids: invalidated } : {}),
    ...(filter.invalidated === false ? { except: invalidated } : {}),
  };
}

/** Nothing is asked for that the store does not know. */
function isPlain({ deployment, commit, tag, labels }: EvaluationFilter): boolean {
  return deployment === undefined && commit === undefined && tag === undefined && labels === undefined;
}

function fits(item: EvaluationSummary, { deployment, commit, tag, labels }: EvaluationFilter): boolean {
  if (deployment !== undefined && item.deployment !== deployment) return false;
  if (commit !== undefined && item.commit !== commit) return false;
  if (tag !== undefined && item.tag !== tag) return false;
  return Object.entries(labels ?? {}).every(([key, value]) => ownValue(item.labels, key) === value);
}

function rowOf({ cursor: _cursor, ...row }: ListedEvaluation): EvaluationRow {
  return row;
}

function withMark(item: EvaluationSummary, mark: Marked | undefined): EvaluationSummary {
  return mark?.invalidated ? { ...item, invalidated: mark.invalidated } : item;
}

function ownOf({ task }: EvaluationSummary, data: JsonObject): JsonObject {
  const own = data[task];
  return isObject(own) ? own : {};
}
