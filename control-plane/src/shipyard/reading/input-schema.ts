import { isObject } from '@slipway/contract';
import { compileInputSchema } from '../input-schema.ts';
import { quoted } from '../text.ts';
import type { Field, Reading } from './fields.ts';

/** Beyond this, comparing every element with every other takes too long. */
const UNIQUE_ITEMS_MAX = 1000;

/** Says what is wrong with a sequence's `input` before an event meets it. */
export function checkInputSchema(reading: Reading, field: Field, schema: Record<string, unknown>): void {
  const add = (severity: 'error' | 'warning', message: string): void => {
    reading.problems.add({ severity, code: 'invalid-schema', message, pointer: field.pointer, at: field.keyAt });
  };
  if (hasUnboundedUniqueItems(schema)) {
    add('error', `"uniqueItems" needs a "maxItems" of at most ${UNIQUE_ITEMS_MAX} beside it`);
    return;
  }
  const compiled = compileInputSchema(schema);
  if (!compiled.ok) add('error', `this is no JSON Schema (2020-12) that can be used: ${compiled.message}`);
  else
    for (const keyword of compiled.unknownKeywords) add('warning', `${quoted(keyword)} is no keyword of JSON Schema`);
}

function hasUnboundedUniqueItems(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasUnboundedUniqueItems);
  if (!isObject(value)) return false;
  const bounded = typeof value.maxItems === 'number' && value.maxItems <= UNIQUE_ITEMS_MAX;
  return (value.uniqueItems === true && !bounded) || Object.values(value).some(hasUnboundedUniqueItems);
}
