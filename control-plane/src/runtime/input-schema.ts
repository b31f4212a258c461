import { compileInputSchema, type InputSchema } from '../shipyard/index.ts';
import type { RefusalError } from './control-plane.ts';

const compiled = new WeakMap<object, InputSchema>();

/** Why a trigger's data does not fit the sequence's `input` schema; undefined when it does. */
export function inputProblem(
  schema: Record<string, unknown>,
  data: unknown,
): { detail: string; errors: RefusalError[] } | undefined {
  let known = compiled.get(schema);
  if (!known) {
    known = compileInputSchema(schema);
    compiled.set(schema, known);
  }
  // The schema was checked when the shipyard was uploaded, so this is one that an older version took.
  if (!known.ok) return { detail: `the input schema of this sequence cannot be used: ${known.message}`, errors: [] };
  const errors = known.faultsOf(data).map(({ pointer, message }) => ({
    code: 'invalid-input',
    detail: `${pointer === '' ? 'data' : pointer} ${message}`,
    pointer: `/data${pointer}`,
  }));
  return errors.length === 0 ? undefined : { detail: errors[0]?.detail ?? 'it does not fit', errors };
}
