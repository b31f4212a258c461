import { faultInNamingText, nearestName, type Route } from '@slipway/contract';
import { quoted, type Refused, refused } from './problem.ts';
import { firstIssue } from './zod-fault.ts';

export type Query = { query: Record<string, unknown>; labels: Record<string, string> };

const LABEL = 'label.';
const LABELS_MAX = 16;
const QUERY_MAX = 8192;

/** Query parameters by the route's own schema. Unknown, empty and repeated ones are refused by name. */
export function readQuery({ query: schema, labelQuery }: Pick<Route, 'query' | 'labelQuery'>, search: string): Query {
  if (search.length > QUERY_MAX) throw refused('invalid-parameter', `a query has at most ${QUERY_MAX} characters`);
  const known = schema === undefined ? [] : Object.keys(schema.shape);
  const given = new Map<string, string>();
  const labels = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    const isLabel = labelQuery === true && name.startsWith(LABEL);
    if (!isLabel && !known.includes(name)) throw unknownParameter(name, known, labelQuery === true);
    const [target, key] = isLabel ? [labels, name.slice(LABEL.length)] : [given, name];
    if (key === '' || value === '') throw invalid(name, 'is empty: leave it out, or give it a value');
    if (target.has(key)) throw invalid(name, 'was given twice');
    const fault = faultInNamingText(name) ?? faultInNamingText(value);
    if (fault !== undefined) throw invalid(name, fault);
    if (value.length > 1024) throw invalid(name, 'is longer than any value that can match');
    target.set(key, value);
  }
  if (labels.size > LABELS_MAX) throw refused('invalid-parameter', `at most ${LABELS_MAX} labels can be asked for`);
  return { query: schema === undefined ? {} : parse(schema, given), labels: Object.fromEntries(labels) };
}

function parse(schema: NonNullable<Route['query']>, given: ReadonlyMap<string, string>): Record<string, unknown> {
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const { name, reason } = firstIssue(parsed.error);
  // A cursor that cannot be one has the code of one that is none.
  if (name === 'cursor') throw refused('invalid-cursor', 'cursor is not one that this server gave out');
  throw invalid(name, reason);
}

function unknownParameter(name: string, known: readonly string[], labels: boolean): Refused {
  const nearest = nearestName(name, known);
  const all = labels ? [...known, 'label.KEY'] : known;
  const list = all.length === 0 ? 'this route has none' : `there are ${all.join(', ')}`;
  const detail = `there is no parameter ${quoted(name)}: ${nearest === undefined ? list : `did you mean ${nearest}?`}`;
  const error = { code: 'unknown-parameter', detail, ...(nearest === undefined ? {} : { nearest }) };
  return refused('unknown-parameter', detail, { errors: [error] });
}

function invalid(name: string, reason: string): Refused {
  const detail = `the parameter ${quoted(name)} ${reason}`;
  return refused('invalid-parameter', detail, { errors: [{ code: 'invalid-parameter', detail }] });
}
