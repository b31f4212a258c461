import { isObject } from '@slipway/contract';
import { compilePattern } from '../expression/functions.ts';
import { compileInputSchema } from '../input-schema.ts';
import { expandedSize, SCHEMA_SIZE_MAX } from '../schema-work.ts';
import { quoted } from '../text.ts';
import { pointerTo } from '../yaml/node.ts';
import { type Field, placeOf, type Reading } from './fields.ts';

/** Beyond this, comparing every element with every other takes too long. */
const UNIQUE_ITEMS_MAX = 1000;

/** Says what is wrong with a sequence's `input` before an event meets it. */
export function checkInputSchema(reading: Reading, field: Field, schema: Record<string, unknown>): void {
  const unbounded = pointerWhere(schema, isUnbounded);
  if (unbounded !== undefined) {
    const message = `"uniqueItems" needs a "maxItems" of at most ${UNIQUE_ITEMS_MAX} beside it`;
    add(reading, fieldAt(field, pointerTo(unbounded, 'uniqueItems')), { message });
    return;
  }
  const size = expandedSize(schema);
  if (size > SCHEMA_SIZE_MAX) {
    const message = `with every "$ref" written out this stands for ${size.toPrecision(3)} schemas, and at most ${SCHEMA_SIZE_MAX} are taken`;
    reading.problems.add({ code: 'schema-size', message, pointer: field.pointer, at: placeOf(field) });
    return;
  }
  const compiled = compileInputSchema(schema);
  if (!compiled.ok) {
    const pattern = pointerWhere(schema, ({ pattern }) => typeof pattern === 'string' && !isPattern(pattern));
    const pointer = compiled.at?.pointer ?? (pattern === undefined ? '' : pointerTo(pattern, 'pattern'));
    const message = `this is not a usable JSON Schema (2020-12): ${compiled.message}`;
    add(reading, fieldAt(field, pointer), { message, known: compiled.at?.known });
    return;
  }
  for (const keyword of compiled.unknownKeywords) {
    const owner = pointerWhere(schema, (object) => Object.hasOwn(object, keyword));
    const at = fieldAt(field, owner === undefined ? '' : pointerTo(owner, keyword));
    const message = `${quoted(keyword)} is not a keyword of JSON Schema`;
    reading.problems.add({ severity: 'warning', code: 'invalid-schema', message, pointer: at.pointer, at: at.keyAt });
  }
}

function add(reading: Reading, at: Field, said: { message: string; known?: string[] | undefined }): void {
  const { message, known } = said;
  const near = known && at.node.kind === 'scalar' ? { name: at.node.written, known } : undefined;
  reading.problems.add({ code: 'invalid-schema', message, pointer: at.pointer, at: placeOf(at), near });
}

function isUnbounded({ uniqueItems, maxItems }: Record<string, unknown>): boolean {
  return uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= UNIQUE_ITEMS_MAX);
}

/** Where in a schema the first object is of which this holds. */
function pointerWhere(
  value: unknown,
  holds: (object: Record<string, unknown>) => boolean,
  pointer = '',
): string | undefined {
  if (isObject(value) && holds(value)) return pointer;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, below] of Object.entries(value)) {
    const found = pointerWhere(below, holds, pointerTo(pointer, key));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isPattern(pattern: string): boolean {
  try {
    compilePattern(pattern);
    return true;
  } catch {
    return false;
  }
}

/** The field below this one that a pointer names, or how far the way to it goes. */
function fieldAt(field: Field, pointer: string): Field {
  let at = field;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const { node } = at;
    const below = pointerTo(at.pointer, key);
    if (node.kind === 'map') {
      const entry = node.entries.find((one) => one.key === key);
      if (entry === undefined) return at;
      at = { pointer: below, keyAt: entry.keyAt, node: entry.value };
    } else if (node.kind === 'list') {
      const item = node.items[Number(key)];
      if (item === undefined) return at;
      at = { pointer: below, keyAt: item.at, node: item };
    } else {
      return at;
    }
  }
  return at;
}
