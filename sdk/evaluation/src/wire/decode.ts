import { parseTimestamp } from '../time/timestamp.ts';
import type { IndicatorValue, PreviousEvaluation, PreviousIndicator } from '../values.ts';
import type { SliAnswer } from './finish.ts';

/** Events from outside, read as Go's JSON decoder reads them: absent and null are the zero value, a wrong type is not. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

class WrongType extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/** The data of `get-sli.finished`. */
export function decodeSliAnswer(data: unknown): Decoded<SliAnswer> {
  return decoded('Could not parse event payload', () => {
    const fields = record(data, 'data');
    const sli = optionalRecord(fields['get-sli'], 'get-sli');
    return {
      status: text(fields, 'status'),
      result: text(fields, 'result'),
      message: text(fields, 'message'),
      start: text(sli, 'start'),
      end: text(sli, 'end'),
      values: list(sli.indicatorValues, 'indicatorValues').flatMap((item, index) =>
        // A null entry crashes Keptn. It stands for no value, and an objective that misses one says so.
        item === null ? [] : [indicatorValue(record(item, `indicatorValues[${index}]`))],
      ),
    };
  });
}

/** One value as it stands in an event, in a task's input or in a values file. */
export function indicatorValue(fields: Fields): IndicatorValue {
  const samples = fields.samples;
  const windows = fields.windows;
  const repeats = fields.repeats;
  return {
    metric: text(fields, 'metric'),
    value: number(fields, 'value'),
    comparedValue: number(fields, 'comparedValue'),
    success: flag(fields, 'success'),
    message: text(fields, 'message'),
    ...(samples === undefined || samples === null ? {} : { samples: numbers(samples, 'samples') }),
    ...(windows === undefined || windows === null ? {} : { windows: ratios(windows) }),
    ...(repeats === undefined || repeats === null ? {} : { repeats: numbers(repeats, 'repeats') }),
  };
}

export interface StoredEvaluation {
  readonly id: string;
  readonly time: string;
  readonly invalidated: boolean;
  readonly contextId?: string;
  readonly commit?: string;
  readonly data: unknown;
}

/**
 * An `evaluation.finished` from the store. One whose data cannot be read still takes its slot, without indicators.
 * Deviation: a null indicator result crashes Keptn's process; here the evaluation ends with an error that names it.
 */
export function decodePrevious(event: StoredEvaluation): Decoded<PreviousEvaluation> {
  const time = parseTimestamp(event.time);
  const base = {
    id: event.id,
    at: time.ok ? time.ms : 0,
    invalidated: event.invalidated,
    ...(event.contextId === undefined ? {} : { contextId: event.contextId }),
    ...(event.commit === undefined ? {} : { commit: event.commit }),
  };
  const data = decoded('', () => previousData(event.data));
  if (!data.ok) return { ok: true, value: { ...base, result: '', indicators: null } };
  const { results, ...rest } = data.value;
  const broken = results?.indexOf(null) ?? -1;
  if (broken >= 0) {
    const message = `could not parse previous evaluation.finished event ${event.id}: indicatorResults[${broken}] is null`;
    return { ok: false, message };
  }
  return {
    ok: true,
    value: {
      ...base,
      ...rest,
      indicators: results?.flatMap((result) => (result === null ? [] : indicator(result))) ?? null,
    },
  };
}

interface PreviousResult {
  readonly status: string;
  readonly value: IndicatorValue | null;
}

function previousData(data: unknown) {
  const fields = record(data, 'data');
  const evaluation = optionalRecord(fields.evaluation, 'evaluation');
  const raw = evaluation.indicatorResults;
  const results =
    raw === undefined || raw === null
      ? null
      : list(raw, 'indicatorResults').map((item, index): PreviousResult | null => {
          if (item === null) return null;
          const result = record(item, `indicatorResults[${index}]`);
          const value = result.value;
          return {
            status: text(result, 'status'),
            value: value === undefined || value === null ? null : indicatorValue(record(value, 'value')),
          };
        });
  const labels = optionalRecord(fields.labels, 'labels');
  const [deployment] = list(optionalRecord(fields.deployment, 'deployment').deploymentNames, 'deploymentNames');
  const start = parseTimestamp(text(evaluation, 'timeStart'));
  return {
    result: text(fields, 'result'),
    stage: text(fields, 'stage'),
    service: text(fields, 'service'),
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])),
    ...(start.ok ? { windowStart: start.ms } : {}),
    ...(typeof deployment === 'string' ? { deployment } : {}),
    ...(typeof labels.tag === 'string' ? { tag: labels.tag } : {}),
    results,
  };
}

function indicator({ status, value }: PreviousResult): PreviousIndicator[] {
  if (value === null) return [];
  const { metric, value: measured, success, samples } = value;
  return [{ metric, value: measured, success, status, ...(samples === undefined ? {} : { samples }) }];
}

function decoded<T>(what: string, read: () => T): Decoded<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (!(error instanceof WrongType)) throw error;
    return { ok: false, message: `${what}: ${error.message}` };
  }
}

function record(value: unknown, name: string): Fields {
  if (!isRecord(value)) throw new WrongType(`${name} must be an object`);
  return value;
}

const optionalRecord = (value: unknown, name: string): Fields =>
  value === undefined || value === null ? {} : record(value, name);

export const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function list(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new WrongType(`${name} must be a list`);
  return value;
}

function text(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw new WrongType(`${name} must be a text`);
  return value;
}

function number(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new WrongType(`${name} of ${text(fields, 'metric') || 'an indicator'} must be a finite number`);
  }
  return value;
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') throw new WrongType(`${name} must be true or false`);
  return value;
}

function numbers(value: unknown, name: string): readonly number[] {
  return list(value, name).map((item) => {
    if (typeof item !== 'number' || !Number.isFinite(item)) throw new WrongType(`${name} must hold finite numbers`);
    return item;
  });
}

function ratios(value: unknown): Readonly<Record<string, number>> {
  const fields = record(value, 'windows');
  return Object.fromEntries(Object.keys(fields).map((window) => [window, number(fields, window)]));
}
