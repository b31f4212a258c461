import { isObject } from '../json.ts';
import { faultInNamingText } from '../naming-text.ts';
import {
  faultInInteger,
  faultInMediaType,
  faultInString,
  faultInTimestamp,
  isAttributeName,
} from './attribute-values.ts';
import { isBase64 } from './bytes.ts';
import type { CloudEvent } from './event.ts';
import type { CodecLimits } from './limits.ts';
import { dataKindOf } from './media-type.ts';
import type { EventProblemCode, Refusal } from './problem.ts';
import { pointerTo, quote, refuse } from './problem.ts';
import { faultInUri, faultInUriReference } from './uri.ts';

export type CheckedEvent = { ok: true; event: CloudEvent } | Refusal;

/**
 * Says whether a value is a CloudEvent, and which rule it breaks when not. The value itself is the event: nothing is
 * copied, unless a null has to go.
 *
 * By hand and not by schema, because every event that Slipway takes passes here: the checks cost about half of what
 * `JSON.parse` costs for the same event (docs/decisions/0001).
 *
 * `index` is the event's place in a batch.
 */
export function checkEvent(value: unknown, limits: CodecLimits, index?: number): CheckedEvent {
  if (!isObject(value)) return notAnEvent(value, index);
  if (value.specversion !== '1.0' && isSet(value.specversion)) return wrongVersion(value.specversion, index);
  if (!isSet(value.specversion) || !isSet(value.id) || !isSet(value.source) || !isSet(value.type)) {
    return missing(value, index);
  }
  let unset = false;
  for (const name in value) {
    const member = value[name];
    if (member === null && isOptionalMember(name)) {
      unset = true;
      continue;
    }
    const fault = name === 'data' || name === 'data_base64' ? undefined : faultInAttribute(name, member, limits);
    if (fault !== undefined) return refuseAttribute(name, fault, index);
  }
  const event = asEvent(unset ? withoutNulls(value) : value);
  const dataFault = faultInData(event);
  if (dataFault !== undefined) {
    return refuse('invalid-data', inBatch(dataFault.detail, index), placeOf(dataFault.member, index));
  }
  return { ok: true, event };
}

interface Fault {
  code: EventProblemCode;
  /** Ends a sentence that begins with the attribute's name. */
  reason: string;
}

/** The attribute's rule, by name; what is not in the list is an extension. */
function faultInAttribute(name: string, value: unknown, limits: CodecLimits): Fault | undefined {
  switch (name) {
    case 'specversion':
      return undefined;
    case 'id':
      return faultInText(value, limits.idMax, faultInNamingText);
    case 'type':
      return faultInText(value, limits.typeMax, faultInNamingText);
    case 'source':
    case 'dataref':
      return faultInText(value, limits.uriMax, faultInUriReference);
    case 'dataschema':
      return faultInText(value, limits.uriMax, faultInUri);
    case 'time':
      return faultInText(value, limits.attributeMax, faultInTimestamp);
    case 'datacontenttype':
      return faultInText(value, limits.attributeMax, faultInMediaType);
    case 'subject':
    case 'correlationid':
    case 'causationid':
      return faultInText(value, limits.attributeMax, faultInNamingText);
    case 'shkeptncontext':
    case 'triggeredid':
    case 'gitcommitid':
      return faultInExtension(name, value, limits, faultInNamingText);
    default:
      return faultInExtension(name, value, limits);
  }
}

function faultInText(
  value: unknown,
  max: number,
  faultInFormat?: (text: string) => string | undefined,
): Fault | undefined {
  if (typeof value !== 'string') return invalid(`must be a string and is ${kindOf(value)}`);
  if (value === '') return invalid('must not be empty');
  if (value.length > max) return tooLong(value.length, max);
  const reason = faultInString(value) ?? faultInFormat?.(value);
  return reason === undefined ? undefined : invalid(reason);
}

function faultInExtension(
  name: string,
  value: unknown,
  limits: CodecLimits,
  faultInFormat?: (text: string) => string | undefined,
): Fault | undefined {
  if (!isAttributeName(name)) {
    return invalid('is not a valid attribute name: only a to z and 0 to 9 are allowed, at least one of them');
  }
  if (name.length > limits.nameMax) {
    return { code: 'attribute-too-long', reason: `has a name of more than ${limits.nameMax} characters` };
  }
  switch (typeof value) {
    case 'string': {
      if (value.length > limits.attributeMax) return tooLong(value.length, limits.attributeMax);
      const reason = faultInString(value) ?? faultInFormat?.(value);
      return reason === undefined ? undefined : invalid(reason);
    }
    case 'boolean':
      return undefined;
    case 'number': {
      const reason = faultInInteger(value);
      return reason === undefined ? undefined : invalid(reason);
    }
    default:
      return invalid(`must be a string, a boolean or an integer and is ${kindOf(value)}: such values belong into data`);
  }
}

function faultInData(event: CloudEvent): { member: 'data' | 'data_base64'; detail: string } | undefined {
  const { data, data_base64: base64, datacontenttype } = event;
  if (base64 === undefined) {
    if (data === undefined || typeof data === 'string' || dataKindOf(datacontenttype) === 'json') return undefined;
    const detail = `data of type ${quote(datacontenttype ?? '')} must be a string and is ${kindOf(data)}`;
    return { member: 'data', detail };
  }
  if (data !== undefined) {
    return { member: 'data_base64', detail: 'the event has both data and data_base64: send one of them' };
  }
  if (typeof base64 === 'string' && isBase64(base64)) return undefined;
  const detail = 'data_base64 is not base64 as in RFC 4648 section 4 (A-Z a-z 0-9 + / and padding with =)';
  return { member: 'data_base64', detail };
}

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

function missing(value: Record<string, unknown>, index: number | undefined): Refusal {
  const absent = REQUIRED.filter((name) => !isSet(value[name]));
  const [attribute = 'specversion'] = absent;
  const detail = `the event has no ${absent.join(', no ')}: every CloudEvent has specversion "1.0", id, source and type`;
  return refuse('missing-attribute', inBatch(detail, index), placeOf(attribute, index));
}

function wrongVersion(version: unknown, index: number | undefined): Refusal {
  const shown = typeof version === 'string' ? quote(version) : kindOf(version);
  const detail = `specversion is ${shown}: only the string "1.0" is supported`;
  return refuse('unsupported-specversion', inBatch(detail, index), placeOf('specversion', index));
}

function notAnEvent(value: unknown, index: number | undefined): Refusal {
  const detail = `a CloudEvent is a JSON object, and this is ${kindOf(value)}`;
  return refuse('not-an-event', inBatch(detail, index), { pointer: pointerTo(index === undefined ? [] : [index]) });
}

function refuseAttribute(name: string, fault: Fault, index: number | undefined): Refusal {
  return refuse(fault.code, inBatch(`${quote(name)} ${fault.reason}`, index), placeOf(name, index));
}

function placeOf(name: string, index: number | undefined): { pointer: string; attribute: string } {
  const pointer = pointerTo(index === undefined ? [name] : [index, name]);
  return { pointer, attribute: name.length > 64 ? `${name.slice(0, 64)}...` : name };
}

function inBatch(detail: string, index: number | undefined): string {
  return index === undefined ? detail : `event ${index} of the batch (the first is 0): ${detail}`;
}

/** JSON's null stands for "not there" (JSON format, section 2.2); in an object from JSON nothing is ever undefined. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/**
 * Attributes of the specification that may be null, meaning absent. `data: null` is data, and extensions are refused:
 * nobody sends one on purpose, and a null that disappears hides the mistake.
 */
function isOptionalMember(name: string): boolean {
  switch (name) {
    case 'subject':
    case 'time':
    case 'datacontenttype':
    case 'dataschema':
    case 'data_base64':
      return true;
    default:
      return false;
  }
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) => member !== null || !isOptionalMember(name)),
  );
}

/** The one place where the codec asserts a type: each member that the type names has been checked above. */
function asEvent(checked: Record<string, unknown>): CloudEvent {
  return checked as CloudEvent;
}

function invalid(reason: string): Fault {
  return { code: 'invalid-attribute', reason };
}

function tooLong(length: number, max: number): Fault {
  return { code: 'attribute-too-long', reason: `has ${length} characters, and at most ${max} are allowed` };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}
