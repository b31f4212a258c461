import { resultSchema, triggerSchema } from '@slipway/contract';
import type { Near } from '../problem-list.ts';
import { quoted } from '../text.ts';
import {
  checkKeys,
  type Field,
  type Fields,
  missingKey,
  placeOf,
  type Reading,
  readFields,
  readItems,
} from './fields.ts';
import { readText } from './scalars.ts';

/** A trigger as it is written; whether its names exist is known when all stages are read. */
export type TriggerDraft = {
  event: Field;
  eventText: string;
  match: { key: string; value: string; field: Field }[] | undefined;
  when: Field | undefined;
};

const TRIGGER_KEYS = { all: Object.keys(triggerSchema.shape) };

export function readTriggers(reading: Reading, fields: Fields): TriggerDraft[] {
  const list = fields.get('triggeredOn');
  const items = (list && readItems(reading, list)) ?? [];
  return items.flatMap((item) => readTrigger(reading, item) ?? []);
}

function readTrigger(reading: Reading, item: Field): TriggerDraft | undefined {
  const fields = readFields(reading, item);
  if (fields === undefined) return undefined;
  checkKeys(reading, fields, TRIGGER_KEYS, 'a trigger');
  const event = fields.get('event');
  if (event === undefined) {
    missingKey(reading, fields, 'event', 'a trigger names its "event": <stage>.<sequence>.finished');
    return undefined;
  }
  const eventText = readText(reading, event);
  const when = fields.get('when');
  const selector = fields.get('selector');
  if (when !== undefined && selector !== undefined) {
    reading.problems.add({
      code: 'conflicting-keys',
      message: 'a trigger has either a selector or "when": say both in "when"',
      pointer: when.pointer,
      at: when.keyAt,
    });
  }
  const match = selector && readSelector(reading, selector);
  return eventText === undefined ? undefined : { event, eventText, match, when };
}

function readSelector(reading: Reading, field: Field): TriggerDraft['match'] {
  const fields = readFields(reading, field);
  if (fields === undefined) return undefined;
  checkKeys(reading, fields, { all: ['match'] }, 'a selector');
  const match = fields.get('match');
  const inside = match && readFields(reading, match);
  if (match === undefined || inside === undefined) return undefined;
  const wanted: NonNullable<TriggerDraft['match']> = [];
  for (const [key, entry] of inside.entries()) {
    const value = readText(reading, entry);
    if (value === undefined) continue;
    wanted.push({ key, value, field: entry });
    if (resultSchema.options.some((result) => result === value)) continue;
    neverFires(reading, entry, {
      message: `${quoted(value)} is not a result: write one of ${resultSchema.options.join(', ')}`,
      near: { name: value, known: resultSchema.options },
    });
  }
  if (wanted.length === 0) {
    neverFires(reading, match, { message: 'an empty match is never met: leave the selector out for pass and warning' });
  }
  return wanted;
}

/** Keptn takes these and then never starts the sequence; so it goes on as a warning there. */
export function neverFires(reading: Reading, field: Field, why: { message: string; near?: Near }): void {
  reading.problems.add({
    severity: reading.keptn ? 'warning' : 'error',
    code: 'never-fires',
    message: why.message,
    pointer: field.pointer,
    at: placeOf(field),
    near: why.near,
  });
}
