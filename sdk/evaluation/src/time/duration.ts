const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Go's units. */
const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
};

/** In our own keys a day is a day. */
const UNITS: Readonly<Record<string, number>> = { ...GO_UNITS, d: DAY_MS, w: 7 * DAY_MS };

export type GoDuration = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly message: string };

/** A duration as Go reads it, `1h30m` or `1.5h` or `-5m`, with Go's words when it cannot. */
export function parseGoDuration(text: string): GoDuration {
  return parse(text, GO_UNITS);
}

/** A duration of the extensions in milliseconds, where `30d` and `2w` are allowed; null when it is none. */
export function parseDuration(text: string): number | null {
  const parsed = parse(text, UNITS);
  return parsed.ok ? parsed.ms : null;
}

function parse(text: string, units: Readonly<Record<string, number>>): GoDuration {
  const negative = text.startsWith('-');
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return { ok: true, ms: 0 };
  if (rest === '') return failed(text);
  let ms = 0;
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return failed(text);
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    if (unit === '') return { ok: false, message: `time: missing unit in duration ${quoted(text)}` };
    const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (size === undefined) {
      return { ok: false, message: `time: unknown unit ${quoted(unit)} in duration ${quoted(text)}` };
    }
    ms += Number(number) * size;
    rest = rest.slice(unit.length);
  }
  return { ok: true, ms: negative ? -ms : ms };
}

const failed = (text: string): GoDuration => ({ ok: false, message: `time: invalid duration ${quoted(text)}` });

const quoted = (text: string): string => JSON.stringify(text);
