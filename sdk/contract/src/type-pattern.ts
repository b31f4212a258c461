import { parseEventType, plainType } from './dialect.ts';
import { nearestName } from './name.ts';

/** `*` stands for any characters, dots included; a trailing `>` for the rest, as on NATS. */
export type TypePattern =
  /** In the plain spelling, with `*` alone as wildcard. */
  | { ok: true; glob: string }
  /** `column` counts from 1. */
  | { ok: false; problem: string; column: number; nearest?: string };

const KEPTN = 'sh.keptn.';
const PHASES = ['triggered', 'started', 'status.changed', 'finished', 'cancelled', 'invalidated'] as const;
const LAST_WORDS = PHASES.map((phase) => phase.split('.').at(-1) ?? phase);
export const TYPE_PATTERN_MAX = 256;

/** Reads a pattern of event types in either spelling. One that can never match is refused: it would wait for ever. */
export function parseTypePattern(text: string): TypePattern {
  if (text.length > TYPE_PATTERN_MAX) return wrong(`has at most ${TYPE_PATTERN_MAX} characters`, TYPE_PATTERN_MAX + 1);
  const plain = plainType(text);
  const offset = text.length - plain.length;
  if (plain.startsWith(KEPTN)) {
    const rest = plain.slice(KEPTN.length);
    if (offset === 0 && (rest === '>' || rest === '*')) return { ok: true, glob: '*' };
    return wrong('has "event." after "sh.keptn.", or one wildcard alone', offset + KEPTN.length + 1);
  }
  const isOpen = plain === '>' || plain.endsWith('.>');
  const glob = isOpen ? `${plain.slice(0, -1)}*` : plain;
  const odd = glob.search(/[^a-z0-9.*-]/);
  if (odd !== -1) {
    const isRest = glob[odd] === '>';
    const problem = isRest
      ? 'has ">" only at its end, after a dot: "*" stands for any characters anywhere'
      : 'has lower-case letters, digits, "-", dots and "*"';
    return wrong(problem, offset + odd + 1);
  }
  const gap = /^\.|\.\.|\.$|^$/.exec(glob);
  if (gap) return wrong('has a name before and after each dot', offset + gap.index + 1);
  return glob.includes('*') ? endOf(glob, offset) : exact(glob, offset);
}

function exact(type: string, offset: number): TypePattern {
  if (parseEventType(type) !== undefined) return { ok: true, glob: type };
  const last = type.lastIndexOf('.') + 1;
  const word = type.slice(last);
  const nearest = nearestName(word, LAST_WORDS);
  const problem =
    'is not an event type: there are STAGE.SEQUENCE.triggered, .started, .finished and TASK.triggered, .started, ' +
    '.status.changed, .finished, .cancelled, .invalidated';
  return wrong(problem, offset + last + 1, nearest === word ? undefined : nearest);
}

/** Whether what stands behind the last `*` can be the end of an event type. */
function endOf(glob: string, offset: number): TypePattern {
  const tail = glob.slice(glob.lastIndexOf('*') + 1);
  const word = tail.slice(tail.lastIndexOf('.') + 1);
  const fits = tail.includes('.') ? LAST_WORDS.includes(word) : LAST_WORDS.some((one) => one.endsWith(word));
  if (fits) return { ok: true, glob };
  return wrong(
    `ends in no phase of an event: ${LAST_WORDS.join(', ')}`,
    offset + glob.length - word.length + 1,
    nearestName(word, LAST_WORDS),
  );
}

function wrong(problem: string, column: number, nearest?: string): TypePattern {
  return { ok: false, problem, column, ...(nearest === undefined ? {} : { nearest }) };
}

/** The glob of a pattern, or the exact type where it is none: a filter for a type that there is not finds nothing. */
export function globOfFilter(text: string): string {
  const parsed = parseTypePattern(text);
  return parsed.ok ? parsed.glob : plainType(text);
}

/** A glob as a regular expression; it has no character but `.` and `*` with a meaning of its own. */
export function globSource(glob: string): string {
  return `^${glob.replaceAll('.', '\\.').replace(/\*+/g, '.*')}$`;
}

/** Matches the plain spelling of an event's type, in time that is linear in it. */
export function matchesGlob(glob: string, type: string): boolean {
  const parts = glob.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return glob === type;
  const last = parts.at(-1) ?? '';
  if (!type.startsWith(first) || !type.endsWith(last) || type.length < first.length + last.length) return false;
  let from = first.length;
  const end = type.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = type.indexOf(part, from);
    if (at === -1 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
