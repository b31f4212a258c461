import { parseGoFloat } from './go-number.ts';
import type { ExtendedCriterion, Operator } from './types.ts';

const RANGE = /^(not\s+)?in\s*\[([^,\]]+),([^,\]]+)\]$/i;
const NOT_EQUAL = /^!=(.+)$/;
const NEAR = /^=([^±]+)±(.+)$/;
const ABSOLUTE = /^abs\((<=|<|=|>=|>)(.+)\)$/i;
const BOUND = /^(<=|<|=|>=|>)([^+-].*)$/;
const QUANTITY = /^([+-]?[0-9.][0-9._]*(?:[eE][+-]?[0-9]+)?)\s*(ns|us|µs|ms|s|m|h|B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/;

/**
 * The grammar beyond Keptn's: `in [a,b]`, `not in [a,b]`, `!=5`, `=10±0.5`, `abs(<=-5)` for a negative constant, and
 * units. A unit is a note to the reader, not a conversion: values arrive in the unit of the query, and guessing it
 * would turn a readable mistake into a silent one. Both ends of a range must carry the same unit.
 */
export function parseExtendedCriterion(text: string): ExtendedCriterion | null {
  const trimmed = text.trim();
  const range = RANGE.exec(trimmed);
  if (range) {
    const low = quantity(range[2]);
    const high = quantity(range[3]);
    if (low === null || high === null || low.value > high.value || low.unit !== high.unit) return null;
    return { kind: 'range', low: low.value, high: high.value, inside: range[1] === undefined };
  }
  const absolute = ABSOLUTE.exec(trimmed);
  if (absolute) return bound(absolute[1], absolute[2]);
  const notEqual = NOT_EQUAL.exec(trimmed);
  if (notEqual) {
    const value = quantity(notEqual[1]);
    return value && { kind: 'not-equal', value: value.value };
  }
  const near = NEAR.exec(trimmed);
  if (near) {
    const value = quantity(near[1]);
    const tolerance = quantity(near[2]);
    if (value === null || tolerance === null || tolerance.value < 0) return null;
    return { kind: 'near', value: value.value, tolerance: tolerance.value };
  }
  const plain = BOUND.exec(trimmed);
  return plain ? bound(plain[1], plain[2]) : null;
}

function bound(operator: string | undefined, text: string | undefined): ExtendedCriterion | null {
  const value = quantity(text);
  return value && isOperator(operator) ? { kind: 'bound', operator, value: value.value } : null;
}

const isOperator = (text: string | undefined): text is Operator =>
  text === '<' || text === '<=' || text === '=' || text === '>=' || text === '>';

function quantity(text: string | undefined): { value: number; unit: string } | null {
  const match = QUANTITY.exec((text ?? '').trim());
  const value = match ? parseGoFloat(match[1] ?? '') : null;
  return value === null || !Number.isFinite(value) ? null : { value, unit: match?.[2] ?? '' };
}

/** Whether the value satisfies the criterion, and the number that stands for it in `targetValue`. */
export function holdsExtended(criterion: ExtendedCriterion, value: number): { holds: boolean; target: number } {
  switch (criterion.kind) {
    case 'range': {
      const inside = value >= criterion.low && value <= criterion.high;
      return { holds: inside === criterion.inside, target: value < criterion.low ? criterion.low : criterion.high };
    }
    case 'not-equal':
      return { holds: value !== criterion.value, target: criterion.value };
    case 'near':
      return { holds: Math.abs(value - criterion.value) <= criterion.tolerance, target: criterion.value };
    case 'bound':
      return { holds: compares(value, criterion.operator, criterion.value), target: criterion.value };
  }
}

export function compares(value: number, operator: Operator, target: number): boolean {
  switch (operator) {
    case '<':
      return value < target;
    case '<=':
      return value <= target;
    case '=':
      return value === target;
    case '>=':
      return value >= target;
    case '>':
      return value > target;
  }
}
