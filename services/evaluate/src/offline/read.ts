import {
  type IndicatorValue,
  indicatorValue,
  isRecord,
  type PreviousEvaluation,
  type PreviousIndicator,
  parseTimestamp,
} from '@slipway/evaluation';
import { CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';
import { OfflineProblem } from './problem.ts';

const TEXT_MAX_CHARS = 5_000_000;

/** YAML or JSON text as data. */
export function readData(text: string, name: string): unknown {
  if (text.length > TEXT_MAX_CHARS) throw new OfflineProblem(`${name} is longer than ${TEXT_MAX_CHARS} characters`);
  try {
    return load(text, { schema: CORE_SCHEMA.withTags(mergeTag), maxDepth: 50, maxAliases: 1000 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place = error.mark ? `line ${error.mark.line + 1}, column ${error.mark.column + 1}: ` : '';
    throw new OfflineProblem(`${name} is not YAML or JSON: ${place}${error.reason}`, { cause: error });
  }
}

/**
 * Values of a run: a list of records as in `get-sli.finished`, where an absent `success` means false, the data of such
 * an event, or a plain map from SLI to number.
 */
export function readValues(data: unknown, name: string): IndicatorValue[] {
  if (isRecord(data)) {
    const sli = isRecord(data.data) ? data.data['get-sli'] : data['get-sli'];
    if (isRecord(sli)) return readValues(sli.indicatorValues ?? [], `${name} indicatorValues`);
    return Object.entries(data).map(([metric, value]) => {
      if (typeof value !== 'number') throw new OfflineProblem(`${name}: the value of '${metric}' must be a number`);
      return { metric, value, comparedValue: 0, success: true, message: '' };
    });
  }
  if (!Array.isArray(data)) {
    throw new OfflineProblem(`${name} must be a list of {metric, value, success} or a map from SLI names to numbers`);
  }
  return data.map((item: unknown, index) => {
    if (!isRecord(item)) throw new OfflineProblem(`${name}[${index}] must be {metric, value, success}`);
    return reading(`${name}[${index}]`, () => indicatorValue(item));
  });
}

/** Earlier runs: `{id, result, time, indicators}`, in any order. `success` defaults to true here. */
export function readHistory(data: unknown, name: string): PreviousEvaluation[] {
  if (data === null || data === undefined) return [];
  if (!Array.isArray(data)) throw new OfflineProblem(`${name} must be a list of {id, result, time, indicators}`);
  return data.map((item: unknown, index) => previous(item, `${name}[${index}]`));
}

function previous(item: unknown, name: string): PreviousEvaluation {
  if (!isRecord(item)) throw new OfflineProblem(`${name} must be {id, result, time, indicators}`);
  const { id, result, time, invalidated, indicators, labels } = item;
  if (typeof id !== 'string') throw new OfflineProblem(`${name}.id must be a text`);
  if (typeof result !== 'string') throw new OfflineProblem(`${name}.result must be pass, warning or fail`);
  const at = time instanceof Date ? { ok: true as const, ms: time.getTime() } : parseTimestamp(String(time ?? ''));
  if (!at.ok) throw new OfflineProblem(`${name}.time: ${at.message}`);
  return {
    id,
    result,
    at: at.ms,
    invalidated: invalidated === true,
    indicators:
      indicators === null || indicators === undefined ? null : previousIndicators(indicators, `${name}.indicators`),
    ...optional(item, 'contextId'),
    ...optional(item, 'stage'),
    ...optional(item, 'service'),
    ...optional(item, 'deployment'),
    ...optional(item, 'commit'),
    ...optional(item, 'tag'),
    ...(isRecord(labels) ? { labels: Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, String(v)])) } : {}),
  };
}

type TextKey = 'contextId' | 'stage' | 'service' | 'deployment' | 'commit' | 'tag';

function optional(item: Readonly<Record<string, unknown>>, key: TextKey): Partial<Record<TextKey, string>> {
  const value = item[key];
  return typeof value === 'string' ? { [key]: value } : {};
}

function previousIndicators(data: unknown, name: string): PreviousIndicator[] {
  const records = Array.isArray(data)
    ? data.map((item: unknown) => (isRecord(item) ? { success: true, ...item } : item))
    : data;
  const statuses = Array.isArray(data) ? data : [];
  return readValues(records, name).map(({ metric, value, success, samples }, index) => {
    const source: unknown = statuses[index];
    const status = isRecord(source) && typeof source.status === 'string' ? { status: source.status } : {};
    return { metric, value, success, ...status, ...(samples === undefined ? {} : { samples }) };
  });
}

/** The core reports a wrong type by throwing; here it gets the name of the place. */
function reading<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new OfflineProblem(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
