import { nearestName } from '@slipway/contract';
import type { ProblemList } from '../problem-list.ts';
import { quoted } from '../text.ts';
import { pointerTo, showNode, type YamlMap, type YamlNode } from '../yaml/node.ts';
import type { Place } from '../yaml/source-map.ts';

/** How many expressions there are, aliases written out, of the task and the sequence that are read, and their characters in all. */
export type ExpressionCount = { task: number; sequence: number; characters: number };

/** What every reader of a part of the shipyard needs. */
export type Reading = {
  problems: ProblemList;
  /** A Keptn `apiVersion`: what Keptn would have ignored is a warning. */
  keptn: boolean;
  /** What of the limits of expressions is used. */
  expressions: ExpressionCount;
};

/** One value in the tree with its place. */
export type Field = { pointer: string; keyAt: Place; node: YamlNode };

/** The keys of one mapping; a key without a value is as good as absent, as in Keptn. */
export class Fields {
  readonly pointer: string;
  /** Where a missing key is reported: the mapping itself. */
  readonly at: Place;
  /** Keys that somebody has meant, and that were told by their misspelling: that they are missing is no further problem. */
  readonly misspelled = new Set<string>();
  readonly #fields = new Map<string, Field>();

  constructor(map: YamlMap, pointer: string) {
    this.pointer = pointer;
    const first = map.entries[0];
    this.at = first === undefined ? { start: map.at.start, end: map.at.start + 1 } : first.keyAt;
    for (const { key, keyAt, value } of map.entries) {
      this.#fields.set(key, { pointer: pointerTo(pointer, key), keyAt, node: value });
    }
  }

  get(key: string): Field | undefined {
    const field = this.#fields.get(key);
    return field?.node.kind === 'scalar' && field.node.value === null ? undefined : field;
  }

  entries(): Iterable<[string, Field]> {
    return this.#fields;
  }
}

/** The keys a mapping may have: all of them, and those that are read but mean nothing yet. */
export type KnownKeys = { all: readonly string[]; notYet?: ReadonlySet<string> };

/** Names every key that is unknown here, or whose meaning is still to come. */
export function checkKeys(reading: Reading, fields: Fields, known: KnownKeys, where: string): void {
  for (const [key, field] of fields.entries()) {
    if (known.notYet?.has(key)) {
      reading.problems.add({
        code: 'not-supported-yet',
        message: `"${key}" is not supported yet: take it out, because without its meaning the sequence would be another one`,
        pointer: field.pointer,
        at: field.keyAt,
      });
    } else if (!known.all.includes(key)) {
      reading.problems.add({
        severity: reading.keptn ? 'warning' : 'error',
        code: 'unknown-key',
        message: `${quoted(key)} is not a key of ${where}`,
        pointer: field.pointer,
        at: field.keyAt,
        near: { name: key, known: known.all, list: true },
      });
      const meant = nearestName(key, known.all);
      // Under Keptn it is a warning only, and what is missing is the error.
      if (meant !== undefined && !reading.keptn) fields.misspelled.add(meant);
    }
  }
}

/** The mapping a field holds, or a problem. */
export function readFields(reading: Reading, field: Field): Fields | undefined {
  if (field.node.kind === 'map') return new Fields(field.node, field.pointer);
  wrongType(reading, field, 'a mapping');
  return undefined;
}

/** The items of a list with their places, or a problem and none. */
export function readItems(reading: Reading, field: Field): Field[] | undefined {
  if (field.node.kind !== 'list') {
    wrongType(reading, field, 'a list');
    return undefined;
  }
  return field.node.items.map((node, index) => ({ pointer: pointerTo(field.pointer, index), keyAt: node.at, node }));
}

export function wrongType(reading: Reading, field: Field, wanted: string): void {
  reading.problems.add({
    code: 'wrong-type',
    message: `${wanted} is wanted here, and this is ${showNode(field.node)}`,
    pointer: field.pointer,
    at: placeOf(field),
  });
}

/** A key that must be there. */
export function missingKey(reading: Reading, fields: Fields, key: string, message: string): void {
  if (fields.misspelled.has(key)) return;
  reading.problems.add({
    code: 'missing-key',
    message,
    pointer: pointerTo(fields.pointer, key),
    at: fields.at,
    text: '',
  });
}

/** Where a value stands; where it is empty or long, its key. */
export function placeOf(field: Field): Place {
  return field.node.kind === 'scalar' && field.node.at.end > field.node.at.start ? field.node.at : field.keyAt;
}

/** Whether a list is longer than it may be; the problem is told. */
export function isTooMany(reading: Reading, list: Field | undefined, items: Field[], max: number): boolean {
  if (list === undefined || items.length <= max) return false;
  reading.problems.add({
    code: 'too-many',
    message: `${items.length} is more than the ${max} that are allowed here`,
    pointer: list.pointer,
    at: list.keyAt,
  });
  return true;
}
