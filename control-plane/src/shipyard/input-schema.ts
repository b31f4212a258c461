import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { compilePattern } from './expression/functions.ts';
import { DECISION_WORK_MAX, LimitExceeded, type WorkBudget } from './expression/meter.ts';
import { WORK_KEYWORD, withWork, workOf } from './schema-work.ts';

/** What does not fit in a trigger's data: a JSON pointer into it, and why. */
export type InputFault = { pointer: string; message: string };

export type InputSchema =
  /** Each subschema and pattern takes from the budget, or from one of its own; data beyond it do not fit. */
  | { ok: true; faultsOf: (data: unknown, budget?: WorkBudget) => InputFault[]; unknownKeywords: string[] }
  | { ok: false; message: string; at?: SchemaPlace };

/** Where in a schema something cannot be, and what could. */
export type SchemaPlace = { pointer: string; known?: string[] };

const FAULTS_MAX = 20;

/**
 * Reads a sequence's `input` as JSON Schema 2020-12. `format` is an annotation, as the standard has it. Patterns are matched in
 * linear time and take from the budget, so that no event can hold up the process; they are RE2's, without look-around and back
 * references.
 */
export function compileInputSchema(schema: Record<string, unknown>): InputSchema {
  if (standard.validateSchema(schema) !== true) return noSchema(standard.errors ?? []);
  const strict = tryCompile(schema, true);
  if (strict.ok) return strict;
  const keyword = /unknown keyword: "(.+)"/.exec(strict.message)?.[1];
  if (keyword === undefined) return strict;
  // The standard takes unknown keywords as annotations; a typing error among them should still be seen.
  const lenient = tryCompile(schema, false);
  return lenient.ok ? { ...lenient, unknownKeywords: [keyword] } : lenient;
}

/** Knows the standard's own schemas, whose compilation takes longer than any of ours. */
const standard = new Ajv2020({ strict: false, validateFormats: false, logger: false });

function tryCompile(schema: Record<string, unknown>, strictSchema: boolean): InputSchema {
  // One instance for each schema: otherwise two of them could not have the same $id, and none would ever be forgotten.
  const meter = new SchemaMeter();
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    strictSchema,
    validateFormats: false,
    meta: false,
    validateSchema: false,
    logger: false,
    code: { regExp: meteredRegExp(meter) },
  });
  ajv.addKeyword({
    keyword: WORK_KEYWORD,
    schemaType: 'number',
    errors: false,
    validate: (weight: number, data: unknown, schema: unknown) => meter.spend(workOf(weight, data, schema)),
  });
  try {
    const validate = ajv.compile(withWork(schema));
    return {
      ok: true,
      unknownKeywords: [],
      faultsOf: (data, budget = { left: DECISION_WORK_MAX }) => {
        meter.start(budget);
        try {
          return validate(data) ? [] : (validate.errors ?? []).slice(0, FAULTS_MAX).map(faultFrom);
        } catch (error) {
          // A schema that refers to itself without end runs out of stack.
          return [
            { pointer: '', message: `cannot be checked: ${error instanceof Error ? error.message : String(error)}` },
          ];
        }
      },
    };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Of what the standard says against a schema, the deepest: alternatives are told at their end, and again all the way up. */
function noSchema(errors: readonly ErrorObject[]): InputSchema {
  const depth = Math.max(0, ...errors.map(({ instancePath }) => instancePath.length));
  const deepest = errors.filter(({ instancePath }) => instancePath.length === depth);
  const error = deepest.find(({ keyword }) => keyword === 'enum') ?? deepest[0];
  if (error === undefined) return { ok: false, message: 'it is none' };
  const allowed: unknown = error.params.allowedValues;
  const known = Array.isArray(allowed) ? allowed.map(String) : undefined;
  const why = known === undefined ? (error.message ?? 'cannot be') : `is none of ${known.join(', ')}`;
  return {
    ok: false,
    message: `${error.instancePath} ${why}`.trim(),
    at: { pointer: error.instancePath, ...(known && { known }) },
  };
}

function faultFrom(error: ErrorObject): InputFault {
  const extra: unknown = error.params.additionalProperty ?? error.params.unevaluatedProperty;
  const named = typeof extra === 'string' ? `: ${extra}` : '';
  return { pointer: error.instancePath, message: `${error.message ?? 'does not fit'}${named}` };
}

class SchemaMeter {
  #budget: WorkBudget = { left: 0 };

  start(budget: WorkBudget): void {
    this.#budget = budget;
  }

  spend(units: number): true {
    this.#budget.left -= units;
    if (this.#budget.left >= 0) return true;
    throw new LimitExceeded(`that takes more than ${DECISION_WORK_MAX} units of work`);
  }
}

/** A character costs about four units, and an eighth of one for each state in which the pattern may be. */
const WORK_PER_CHARACTER = 4;
const STATES_PER_UNIT = 8;

/** What ajv wants of a replacement for RegExp: it keeps one for each text that `toString` gives. */
type LinearPattern = { test(text: string): boolean; toString(): string };

function meteredRegExp(meter: SchemaMeter): ((pattern: string) => LinearPattern) & { code: string } {
  const make = (pattern: string): LinearPattern => {
    const compiled = compilePattern(pattern);
    const price = WORK_PER_CHARACTER + compiled.programSize() / STATES_PER_UNIT;
    return {
      test: (text) => meter.spend(text.length * price) && compiled.test(text),
      toString: () => pattern,
    };
  };
  return Object.assign(make, { code: 'meteredRegExp' });
}
