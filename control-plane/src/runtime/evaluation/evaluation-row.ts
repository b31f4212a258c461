import { hash } from 'node:crypto';
import type { CloudEvent, EvaluatedSli, EvaluationSummary, SliLevel } from '@slipway/contract';
import { attemptId, causationOf, isObject, parseAttemptId } from '@slipway/contract';
import { parseTimestamp } from '@slipway/evaluation';
import type { Run } from '../../engine/index.ts';
import type { EvaluationRow, EventRow } from '../../store/store.ts';

/** What a row says beyond the columns that lists filter by. */
export type RowValue = Omit<
  EvaluationSummary,
  'id' | 'run' | 'task' | 'project' | 'stage' | 'service' | 'correlationid' | 'at' | 'result' | 'invalidated'
>;

type Fields = Readonly<Record<string, unknown>>;
type Task = EvaluationSummary['task'];

const TASKS: ReadonlyMap<string, Task> = new Map([
  ['evaluate.finished', 'evaluate'],
  ['evaluation.finished', 'evaluation'],
]);
/** Types, in their plain spelling, of which rows are made. */
export const evaluationTypes: readonly string[] = [...TASKS.keys()];

const SLIS_MAX = 5000;
const TEXT_MAX = 1024;
const SAMPLES_MAX = 1000;

/** A row for each evaluation that was taken with an entry of the journal; nearly always there is none. */
export function evaluationRows(
  run: Run,
  entry: { at: number; events: readonly string[]; rows: readonly EventRow[] },
): EvaluationRow[] {
  const found: EvaluationRow[] = [];
  for (const [index, row] of entry.rows.entries()) {
    const task = TASKS.get(row.type);
    if (task === undefined || row.direction !== 'in' || row.ignored !== undefined) continue;
    const made = evaluationRow(run, task, entry.at, JSON.parse(entry.events[index] ?? '{}') as CloudEvent);
    if (made !== undefined) found.push(made);
  }
  return found;
}

/** What was judged may come from any program: whatever of it has the wrong type is not there. */
export function evaluationRow(run: Run, task: Task, at: number, event: CloudEvent): EvaluationRow | undefined {
  const ref = parseAttemptId(causationOf(event) ?? '');
  if (ref === undefined) return undefined;
  const data = isObject(event.data) ? event.data : {};
  const own = isObject(data[task]) ? data[task] : {};
  const result = resultOf(data, own);
  const value = rowValue(run, event, data, own, result);
  return {
    id: attemptId(ref),
    source: event.source,
    run: run.id,
    task,
    project: run.project,
    stage: run.stage,
    ...(run.service === undefined ? {} : { service: run.service }),
    correlationid: run.correlationId,
    at,
    result,
    value: JSON.stringify(value),
  };
}

function rowValue(run: Run, event: CloudEvent, data: Fields, own: Fields, result: EvaluationRow['result']): RowValue {
  const window = { start: textOf(own.timeStart) ?? '', end: textOf(own.timeEnd) ?? '' };
  const start = parseTimestamp(window.start);
  const labels = isObject(data.labels) ? textsOf(data.labels) : run.labels;
  return {
    event: { id: event.id, source: event.source },
    status: textOf(data.status) || 'succeeded',
    verdict: own.verdict === 'inconclusive' ? 'inconclusive' : result,
    score: numberOf(own.score) ?? null,
    ...optional('why', textOf(own.why)),
    ...optional('message', textOf(data.message)),
    ...(window.start === '' && window.end === '' ? {} : { window }),
    ...(start.ok ? { windowStart: start.ms } : {}),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...optional('deployment', deploymentOf(data) ?? deploymentOf(run.data)),
    ...optional('commit', commitOf(run, event, own)),
    ...optional('tag', textOf(labels.tag)),
    ...versionsOf(own),
    comparedEvents: Array.isArray(own.comparedEvents)
      ? own.comparedEvents.flatMap((id) => textOf(id) ?? []).slice(0, SLIS_MAX)
      : [],
    slis: slisOf(own),
  };
}

function resultOf(data: Fields, own: Fields): EvaluationRow['result'] {
  // Keptn decides by the result of the event: the one inside is pass also when nothing could be judged.
  for (const word of [data.result, own.result]) {
    if (word === 'pass' || word === 'warning' || word === 'fail') return word;
  }
  return data.status === 'errored' ? 'fail' : 'pass';
}

/** The shipyard's own version travels as gitcommitid in Keptn's dialect, and says nothing of what was judged. */
function commitOf(run: Run, event: CloudEvent, own: Fields): string | undefined {
  const asked = isObject(run.input.evaluation) ? run.input.evaluation.gitCommitId : undefined;
  const attribute = event.gitcommitid === run.planVersion ? undefined : event.gitcommitid;
  return textOf(own.gitCommitId) ?? textOf(asked) ?? textOf(attribute);
}

function deploymentOf(data: Fields): string | undefined {
  const names = isObject(data.deployment) ? data.deployment.deploymentNames : undefined;
  return Array.isArray(names) ? textOf(names[0]) : undefined;
}

function versionsOf(own: Fields): Pick<RowValue, 'versions'> {
  const slo = sloTextOf(own);
  const said = isObject(own.versions) && isObject(own.versions.sli) ? own.versions.sli : {};
  const sli: Partial<Record<SliLevel, string>> = {};
  for (const level of ['project', 'stage', 'service'] as const) {
    const version = textOf(said[level]);
    if (version !== undefined) sli[level] = version;
  }
  const versions = {
    ...(slo === undefined ? {} : { slo: resourceVersion(slo) }),
    ...(Object.keys(sli).length === 0 ? {} : { sli }),
  };
  return Object.keys(versions).length === 0 ? {} : { versions };
}

/** The text of the slo.yaml that judged, as a finished event carries it. */
export function sloTextOf(own: Fields): string | undefined {
  const encoded = own.sloFileContent;
  return typeof encoded === 'string' && encoded !== '' ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
}

/** The version of a file is a hash of its text, so an evaluation names the one it used by carrying it. */
export function resourceVersion(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 16);
}

function slisOf(own: Fields): EvaluatedSli[] | null {
  if (!Array.isArray(own.indicatorResults)) return null;
  const explained = isObject(own.decision) && Array.isArray(own.decision.objectives) ? own.decision.objectives : [];
  return own.indicatorResults
    .slice(0, SLIS_MAX)
    .flatMap((given: unknown, index) => (isObject(given) ? sliOf(given, explained[index]) : []));
}

const STATUSES: ReadonlySet<unknown> = new Set(['pass', 'warning', 'fail', 'info', 'inconclusive']);

function sliOf(given: Fields, explained: unknown): EvaluatedSli {
  const value = isObject(given.value) ? given.value : {};
  const more = isObject(explained) ? explained : {};
  const sli = textOf(value.metric) ?? textOf(more.sli) ?? textOf(given.displayName) ?? '';
  const succeeded = value.success === true;
  const samples = Array.isArray(value.samples) ? value.samples.flatMap((one) => numberOf(one) ?? []) : [];
  const maximum = numberOf(more.maximum);
  return {
    sli,
    ...optional('displayName', textOf(given.displayName)),
    value: succeeded ? (numberOf(value.value) ?? 0) : null,
    status: STATUSES.has(given.status) ? (given.status as EvaluatedSli['status']) : 'info',
    score: numberOf(given.score) ?? 0,
    ...(maximum === undefined ? {} : { maximum }),
    keySli: given.keySli === true,
    baseline: baselineOf(more, value),
    ...(succeeded ? {} : optional('message', textOf(value.message))),
    ...(samples.length === 0 ? {} : { samples: samples.slice(0, SAMPLES_MAX) }),
  };
}

/** Keptn's comparedValue is 0 also where nothing was compared, so the decision is believed first. */
function baselineOf(more: Fields, value: Fields): number | null {
  if (isObject(more.baseline)) return numberOf(more.baseline.aggregate) ?? null;
  return numberOf(value.comparedValue) || null;
}

function textsOf(fields: Fields): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value).slice(0, TEXT_MAX)]));
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, TEXT_MAX) : undefined;

const optional = <K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> =>
  value === undefined ? {} : ({ [key]: value } as Partial<Record<K, string>>);

/** A row as it is shown, without samples unless they are asked for. */
export function summaryOf(row: EvaluationRow, withSamples: boolean): EvaluationSummary {
  const { value: _value, source: _source, ...columns } = row;
  const value = JSON.parse(row.value) as RowValue;
  const slis = withSamples
    ? value.slis
    : (value.slis?.map(({ samples: _samples, ...sli }): EvaluatedSli => sli) ?? null);
  return { ...columns, task: row.task === 'evaluation' ? 'evaluation' : 'evaluate', ...value, slis };
}
