import { isObject } from '@slipway/contract';
import { compileInputSchema, type InputSchema, targetOf } from '../shipyard/index.ts';
import type { RefusalError } from './control-plane.ts';

type Known = { schema: InputSchema; unnamed: ReadonlySet<string> };

const compiled = new WeakMap<object, Known>();

/** What the protocol itself puts into data, also into those of a sequence that another one's end triggers. */
const RESERVED = ['project', 'stage', 'service', 'labels', 'status', 'result', 'message'];

/**
 * Why a trigger's data does not fit the sequence's `input` schema; undefined when it does. Reserved members that the schema does
 * not name are left out: nobody could send data that fit `additionalProperties: false` otherwise.
 */
export function inputProblem(
  schema: Record<string, unknown>,
  data: unknown,
): { detail: string; errors: RefusalError[] } | undefined {
  let known = compiled.get(schema);
  if (!known) {
    const named = new Set<string>();
    const unnamed = addNamed(schema, { root: schema, named, seen: new Set() })
      ? new Set(RESERVED.filter((member) => !named.has(member)))
      : new Set<string>();
    known = { schema: compileInputSchema(schema), unnamed };
    compiled.set(schema, known);
  }
  // The schema was checked when the shipyard was uploaded, so this is one that an older version took.
  const { schema: usable, unnamed } = known;
  if (!usable.ok) return { detail: `the input schema of this sequence cannot be used: ${usable.message}`, errors: [] };
  const errors = usable.faultsOf(without(data, unnamed)).map(({ pointer, message }) => ({
    code: 'invalid-input',
    detail: `${pointer === '' ? 'data' : pointer} ${message}`,
    pointer: `/data${pointer}`,
  }));
  return errors.length === 0 ? undefined : { detail: errors[0]?.detail ?? 'it does not fit', errors };
}

function without(data: unknown, members: ReadonlySet<string>): unknown {
  return isObject(data) ? Object.fromEntries(Object.entries(data).filter(([key]) => !members.has(key))) : data;
}

type Walk = { root: object; named: Set<string>; seen: Set<object> };

/**
 * Adds the members that a schema names, and all the schemas that it applies to the same value. False when it applies one that is
 * not found here: it might name any.
 */
function addNamed(schema: unknown, walk: Walk): boolean {
  if (!isObject(schema) || walk.seen.has(schema)) return true;
  walk.seen.add(schema);
  for (const map of [schema.properties, schema.dependentSchemas, schema.dependentRequired]) addKeys(map, walk.named);
  const required = isObject(schema.dependentRequired) ? Object.values(schema.dependentRequired) : [];
  for (const list of [schema.required, ...required]) {
    if (Array.isArray(list)) for (const name of list) walk.named.add(String(name));
  }
  const { $ref, allOf, anyOf, oneOf, not, if: condition, then, else: otherwise, dependentSchemas } = schema;
  const target = $ref === undefined ? true : targetOf($ref, walk.root);
  if (target === undefined || schema.$dynamicRef !== undefined) return false;
  const lists = [allOf, anyOf, oneOf].flatMap((list): unknown[] => (Array.isArray(list) ? list : []));
  const dependent = isObject(dependentSchemas) ? Object.values(dependentSchemas) : [];
  return [target, ...lists, not, condition, then, otherwise, ...dependent].every((one) => addNamed(one, walk));
}

function addKeys(map: unknown, named: Set<string>): void {
  if (isObject(map)) for (const key of Object.keys(map)) named.add(key);
}
