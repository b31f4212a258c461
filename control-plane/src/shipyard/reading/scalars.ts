import { isKeptnName, isName, parseDuration } from '@slipway/contract';
import { quoted } from '../text.ts';
import { showNode } from '../yaml/node.ts';
import { type Field, type Fields, missingKey, placeOf, type Reading, wrongType } from './fields.ts';

/** Text as it is written: `007` and `on` are names like any other. */
export function readText(reading: Reading, field: Field): string | undefined {
  if (field.node.kind === 'scalar' && field.node.value !== null) return field.node.written;
  wrongType(reading, field, 'text');
  return undefined;
}

/** Keptn checks the names of stages, and takes any for these. */
const ANY_IN_KEPTN: ReadonlySet<string> = new Set(['sequence', 'task']);

/** A stage, sequence or task name. */
export function readName(reading: Reading, field: Field, what: string): string | undefined {
  const text = readText(reading, field);
  if (text === undefined || isName(text)) return text;
  const isFree = reading.keptn && ANY_IN_KEPTN.has(what);
  if (isFree && isKeptnName(text)) return text;
  const nearest = nameLike(text);
  reading.problems.add({
    code: 'invalid-name',
    message: `${quoted(text)} cannot name a ${what}: ${isFree ? whyNoKeptnName(text) : whyNoName(text)}`,
    pointer: field.pointer,
    at: placeOf(field),
    nearest,
  });
  return undefined;
}

/** A name that must be there and is not there twice. */
export function readRequiredName(
  reading: Reading,
  fields: Fields,
  what: string,
  seen: Map<string, Field>,
): string | undefined {
  const field = fields.get('name');
  if (field === undefined) {
    missingKey(reading, fields, 'name', `a ${what} has a name`);
    return undefined;
  }
  const name = readName(reading, field, what);
  if (name === undefined) return undefined;
  if (seen.has(name)) {
    reading.problems.add({
      code: 'duplicate-name',
      message: `there is a ${what} named "${name}" already`,
      pointer: field.pointer,
      at: placeOf(field),
    });
  }
  seen.set(name, field);
  return name;
}

/** A length of time in ms. */
export function readDuration(reading: Reading, field: Field, options = { allowZero: false }): number | undefined {
  const text = readText(reading, field);
  if (text === undefined) return undefined;
  // Go, and so Keptn, reads a zero without a unit.
  if (text === '0' && options.allowZero) return 0;
  const duration = parseDuration(text, options);
  if (duration.ok) return duration.ms;
  reading.problems.add({
    code: 'invalid-duration',
    message: duration.reason,
    pointer: field.pointer,
    at: placeOf(field),
  });
  return undefined;
}

export function readWhole(reading: Reading, field: Field, range: { min: number; max: number }): number | undefined {
  const value = field.node.kind === 'scalar' ? field.node.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  outOfRange(reading, field, `a whole number from ${range.min} to ${range.max}`);
  return undefined;
}

export function readNumber(reading: Reading, field: Field, range: { min: number; max: number }): number | undefined {
  const value = field.node.kind === 'scalar' ? field.node.value : undefined;
  if (typeof value === 'number' && value >= range.min && value <= range.max) return value;
  outOfRange(reading, field, `a number from ${range.min} to ${range.max}`);
  return undefined;
}

/** One of a few words; `offered` are those of them that are told to whoever wrote another. */
export function readWord<Word extends string>(
  reading: Reading,
  field: Field,
  words: readonly Word[],
  offered: readonly Word[] = words,
): Word | undefined {
  const text = readText(reading, field);
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  reading.problems.add({
    code: 'unknown-word',
    message: `${quoted(text)} is none of ${offered.join(', ')}`,
    pointer: field.pointer,
    at: placeOf(field),
    near: { name: text, known: offered },
  });
  return undefined;
}

function outOfRange(reading: Reading, field: Field, wanted: string): void {
  if (field.node.kind !== 'scalar') {
    wrongType(reading, field, wanted);
    return;
  }
  reading.problems.add({
    code: 'out-of-range',
    message: `${wanted} is wanted here, and this is ${showNode(field.node)}`,
    pointer: field.pointer,
    at: placeOf(field),
  });
}

function whyNoName(text: string): string {
  if (text === '') return 'it is empty';
  if (text.length > 63) return `it has ${text.length} characters, and 63 is the most`;
  if (text.includes('${{')) return 'a name is fixed, so no expression can stand here';
  return 'a name has a-z, 0-9 and -, and begins and ends with a letter or digit';
}

function whyNoKeptnName(text: string): string {
  if (text === '') return 'it is empty';
  if (text.length > 128) return `it has ${text.length} characters, and 128 is the most`;
  return 'an event type carries letters, digits and _ % + = @ - there, without dots or blanks';
}

/** The name that was probably meant: lower case, with dashes for what is not allowed. */
function nameLike(text: string): string | undefined {
  if (text.length > 63 || text.includes('{')) return undefined;
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return isName(name) && name.length * 2 >= text.length ? name : undefined;
}
