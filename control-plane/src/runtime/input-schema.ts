import { Ajv2020 } from 'ajv/dist/2020.js';
import type { RefusalError } from './control-plane.ts';

const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
const compiled = new WeakMap<object, ReturnType<Ajv2020['compile']>>();

/** Why a trigger's data does not fit the sequence's `input` schema; undefined when it does. */
export function inputProblem(
  schema: Record<string, unknown>,
  data: unknown,
): { detail: string; errors: RefusalError[] } | undefined {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(data)) return undefined;
  const errors = (validate.errors ?? []).slice(0, 20).map((error) => ({
    code: 'invalid-input',
    detail: `${error.instancePath === '' ? 'data' : error.instancePath} ${error.message ?? 'does not fit'}`,
    pointer: `/data${error.instancePath}`,
  }));
  return { detail: errors[0]?.detail ?? 'it does not fit', errors };
}
