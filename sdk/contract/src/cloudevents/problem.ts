/** Why a message is not the event(s) that it claims to be. Stable: clients and dashboards may match on it. */
export type EventProblemCode = keyof typeof statusOf;

/** The HTTP status that goes with each code. The bus ignores the status and counts by code. */
const statusOf = {
  'empty-body': 400,
  'malformed-json': 400,
  'not-an-event': 400,
  'missing-attribute': 400,
  'unsupported-specversion': 400,
  'attribute-too-long': 400,
  'invalid-attribute': 400,
  'invalid-data': 400,
  'duplicate-key': 400,
  'too-deep': 400,
  'too-many-keys': 400,
  'batch-too-large': 413,
  'unsupported-charset': 415,
  'unsupported-media-type': 415,
} as const;

/** The code as data, for a table of all problems, documentation and tests. */
export const eventProblemStatus: Readonly<Record<EventProblemCode, number>> = statusOf;

export interface EventProblem {
  code: EventProblemCode;
  status: number;
  /** A sentence for a person: what is wrong, where, and what to send instead. Printable ASCII, under 1 KB. */
  detail: string;
  /** RFC 6901: the member at fault in the JSON text, or its nearest parent when the pointer would get too long. */
  pointer?: string;
  /** The attribute at fault, in either mode. */
  attribute?: string;
  /** Where in the text, counted from 1; only for what the text itself gets wrong. */
  line?: number;
  column?: number;
}

type Place = Pick<EventProblem, 'pointer' | 'attribute' | 'line' | 'column'>;

export interface Refusal {
  ok: false;
  problem: EventProblem;
}

export function refuse(code: EventProblemCode, detail: string, place: Place = {}): Refusal {
  return { ok: false, problem: { code, status: statusOf[code], detail, ...place } };
}

const QUOTE_MAX = 60;

/**
 * What somebody sent, safe to show: cut, quoted, and with everything outside printable ASCII escaped, so that neither a
 * terminal (ANSI codes), nor a log (line breaks), nor a reader (right-to-left overrides) is fooled by it.
 */
export function quote(text: string): string {
  const shown = text.length > QUOTE_MAX ? text.slice(0, QUOTE_MAX) : text;
  const safe = JSON.stringify(shown).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > QUOTE_MAX ? `${safe}... (${text.length} characters)` : safe;
}

const POINTER_MAX = 300;

/** A JSON pointer that stays short: it stops at the last parent that fits. */
export function pointerTo(path: readonly (string | number)[]): string {
  let pointer = '';
  for (const step of path) {
    const next = `${pointer}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (next.length > POINTER_MAX) return pointer;
    pointer = next;
  }
  return pointer;
}
