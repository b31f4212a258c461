import { parseKeptnCriterion, readCriterion } from '../criteria/parse.ts';
import type { KeptnCriterion } from '../criteria/types.ts';
import type { ObjectiveDocument } from '../slo/document.ts';
import type { Severity } from './types.ts';

type Say = (severity: Severity, code: string, message: string) => void;

/** What one criterion means when its author probably meant something else. */
export function lintCriterion(text: string, context: { role: 'pass' | 'warning'; extended: boolean }, say: Say): void {
  const { parsed } = readCriterion(text, context);
  if (parsed.kind === 'invalid') {
    const effect =
      context.role === 'pass'
        ? `the whole evaluation fails with '${parsed.error}'`
        : 'Keptn swallows it, and the warning criteria count as not met';
    say(
      context.role === 'pass' ? 'error' : 'warning',
      'criterion',
      `${quote(text)} is not a criterion,  ${effect}${wayOut(text)}`,
    );
    return;
  }
  if (parsed.kind !== 'keptn') {
    if (/\d\s*[a-zµ]+\W*$/i.test(text) && !/^abs/i.test(text)) {
      say('info', 'unit', `the unit in ${quote(text)} is a note to the reader: values are not converted`);
    }
    return;
  }
  lintMeaning(text, parsed, say);
}

function lintMeaning(text: string, criterion: KeptnCriterion, say: Say): void {
  const rest = text.replaceAll(' ', '').slice(criterion.operator.length);
  if (criterion.comparison && /^[+-][+-]/.test(rest)) {
    say('warning', 'double-sign', `${quote(text)} has two signs: the second one belongs to the number`);
  } else if (!criterion.percentage && rest.startsWith('-')) {
    const message = `${quote(text)} means the baseline minus ${criterion.value}, not the number −${criterion.value}; a negative constant needs abs(${criterion.operator}-${criterion.value}) with grammar: extended`;
    say('warning', 'relative-not-negative', message);
  } else if (criterion.percentage && !/^[+-]/.test(rest)) {
    say('info', 'percent-without-sign', `${quote(text)} means +${criterion.value} % over the baseline`);
  }
  if (criterion.operator === '=' && (criterion.comparison || !Number.isInteger(criterion.value))) {
    say(
      'warning',
      'exact-equality',
      `${quote(text)} compares for exact equality, which measured values hardly ever have`,
    );
  }
  if (/[a-z]/i.test(rest.replace(/e[+-]?\d+%?$/i, ''))) {
    say('info', 'unusual-number', `${quote(text)} is read as ${criterion.value}`);
  }
}

function wayOut(text: string): string {
  if (text === '') return '; an unquoted > starts a block of text in YAML, so quote the criterion';
  const tidy = text.trim();
  if (/^\d/.test(tidy)) return '; begin with <, <=, =, >= or >';
  if (/^(!=|not in|in\s*\[|abs\(|=.*±)/i.test(tidy) || /\d\s*(ms|s|KB|MB|GB)$/.test(tidy)) {
    return '; grammar: extended at the top of the file would allow it';
  }
  if (/^(=<|=>|==|<>)/.test(tidy)) return '; the operators are <, <=, =, >= and >';
  if (tidy.includes(',')) return '; numbers use a point';
  if (/inf|nan/i.test(tidy)) return '; the number must be finite';
  return '';
}

/** A warning band that a simple pass criterion already covers. */
export function neverReached(objective: ObjectiveDocument): string | null {
  const pass = single(objective.pass);
  const warning = single(objective.warning);
  if (pass === null || warning === null) return null;
  const direction = pass.operator[0];
  if (direction === '=' || warning.operator[0] !== direction || !comparable(pass, warning)) return null;
  const passes = signed(pass);
  const warns = signed(warning);
  const covered = direction === '<' ? warns <= passes : warns >= passes;
  const sameNumberLooser = warns === passes && warning.operator.length > pass.operator.length;
  if (!covered || sameNumberLooser) return null;
  return 'a value that meets the warning criterion passes already, so a warning can never happen';
}

const comparable = (a: KeptnCriterion, b: KeptnCriterion): boolean =>
  a.comparison === b.comparison && a.percentage === b.percentage;

const signed = (criterion: KeptnCriterion): number =>
  criterion.comparison && !criterion.increase ? -criterion.value : criterion.value;

function single(groups: readonly (readonly string[] | null)[]): KeptnCriterion | null {
  const text = groups.length === 1 && groups[0]?.length === 1 ? groups[0][0] : undefined;
  const parsed = text === undefined ? null : parseKeptnCriterion(text);
  return parsed?.kind === 'keptn' ? parsed : null;
}

const quote = (text: string): string => JSON.stringify(text);
