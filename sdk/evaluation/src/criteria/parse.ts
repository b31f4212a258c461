import { parseExtendedCriterion } from './extended.ts';
import { parseGoFloat } from './go-number.ts';
import type { Criterion, CriterionError, InvalidCriterion, KeptnCriterion, Operator } from './types.ts';

/** Longer texts come first: `<=` must not be read as `<` and a broken number. */
const OPERATORS: readonly Operator[] = ['<=', '<', '=', '>=', '>'];

/**
 * Reads one criterion exactly as Keptn v1 does. `<=10%` is `<=+10%`, `>=-5` is relative to the baseline, only U+0020 is
 * removed, and infinite thresholds are numbers: `readCriterion` refuses those.
 */
export function parseKeptnCriterion(text: string): KeptnCriterion | InvalidCriterion {
  let rest = text.replaceAll(' ', '');
  const operator = OPERATORS.find((candidate) => rest.startsWith(candidate));
  if (operator === undefined) {
    return invalid(rest.startsWith('|') ? 'could not parse criteria target value' : 'invalid criteria string');
  }
  rest = rest.slice(operator.length);
  const percentage = rest.endsWith('%');
  if (percentage) rest = rest.slice(0, -1);
  const signed = rest.startsWith('+') || rest.startsWith('-');
  const increase = rest.startsWith('+') || (percentage && !rest.startsWith('-'));
  if (signed) rest = rest.slice(1);
  const value = parseGoFloat(rest);
  if (value === null) return invalid('could not parse criteria target value');
  return { kind: 'keptn', operator, value, percentage, comparison: percentage || signed, increase };
}

/**
 * A criterion as an evaluation uses it. Deviation: a threshold that is not finite cannot be sent in JSON (Keptn then
 * sends a finished event without data), so it is refused here. The extended grammar is tried last and only where the
 * file asks for it, so no legal criterion changes its meaning.
 */
export function readCriterion(text: string, options: { extended: boolean }): Criterion {
  const keptn = parseKeptnCriterion(text);
  const parsed =
    keptn.kind === 'keptn' && !Number.isFinite(keptn.value) ? invalid('could not parse criteria target value') : keptn;
  if (parsed.kind === 'keptn' || !options.extended) return { text, parsed };
  return { text, parsed: parseExtendedCriterion(text) ?? parsed };
}

function invalid(error: CriterionError): InvalidCriterion {
  return { kind: 'invalid', error };
}
