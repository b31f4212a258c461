/** A length of time that somebody wrote, in whole milliseconds, or why it is not one. */
export type ParsedDuration = { ok: true; ms: number } | { ok: false; reason: string };

export interface DurationOptions {
  /** `0s` is a mistake for a timeout and fine for a delay. */
  allowZero?: boolean;
  /** The most that is accepted; 365 days unless said otherwise. */
  maxMs?: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The longest duration anywhere in Slipway: 365 days. */
export const durationMaxMs = 365 * DAY_MS;

/**
 * Reads `250ms`, `10s`, `1h30m`, `2d` (as in Go, with days) and `PT10M`, `P1D`, `P2W` (ISO 8601). Units go from large to
 * small, each once. Months and years are refused, because their length depends on where in the calendar one stands.
 */
export function parseDuration(text: string, options: DurationOptions = {}): ParsedDuration {
  const { allowZero = false, maxMs = durationMaxMs } = options;
  if (text.length > TEXT_MAX) return refuse(`a duration has at most ${TEXT_MAX} characters, such as 1h30m`);
  const read = /^[+-]?P/i.test(text) ? readIso(text) : readUnits(text);
  if (!read.ok) return read;
  // Rounded once at the end: 1.1h is 3,960,000.0000000005 in floating point.
  const ms = Math.round(read.ms);
  if (ms > maxMs) return refuse(`${text} is longer than ${formatDuration(maxMs)}, the most that is allowed`);
  if (ms === 0 && read.ms > 0) return refuse(`${text} is less than a millisecond`);
  if (ms === 0 && !allowZero) return refuse('a duration of zero is not allowed here');
  return { ok: true, ms };
}

const UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', SECOND_MS],
  ['ms', 1],
] as const;

/** `1d2h3m4s5ms`: the units that are not zero, from large to small. What `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  if (!Number.isSafeInteger(ms)) throw new RangeError(`${ms} is not a whole number of milliseconds`);
  if (ms === 0) return '0s';
  let rest = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

const TEXT_MAX = 64;
const NUMBER = String.raw`\d+(?:\.\d+)?`;
const GO_STYLE = new RegExp(`^(?:(${NUMBER})d)?(?:(${NUMBER})h)?(?:(${NUMBER})m)?(?:(${NUMBER})s)?(?:(${NUMBER})ms)?$`);
const ISO_NUMBER = String.raw`\d+(?:[.,]\d+)?`;
const ISO = new RegExp(
  `^P(?:(${ISO_NUMBER})Y)?(?:(${ISO_NUMBER})M)?(?:(${ISO_NUMBER})W)?(?:(${ISO_NUMBER})D)?` +
    `(?:T(?=\\d)(?:(${ISO_NUMBER})H)?(?:(${ISO_NUMBER})M)?(?:(${ISO_NUMBER})S)?)?$`,
);

function readUnits(text: string): ParsedDuration {
  const parts = GO_STYLE.exec(text);
  if (parts !== null && text !== '') {
    return { ok: true, ms: sumOf(parts.slice(1), [DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, 1]) };
  }
  return refuse(hintFor(text));
}

function readIso(text: string): ParsedDuration {
  const parts = ISO.exec(text);
  if (parts === null || text === 'P') {
    return refuse(text.startsWith('-') ? NEGATIVE : `${show(text)} is not an ISO 8601 duration, such as PT10M or P1D`);
  }
  const [years, months, ...fixed] = parts.slice(1);
  if (years !== undefined || months !== undefined) {
    return refuse(`a ${years === undefined ? 'month' : 'year'} has no fixed length: write days, such as P30D`);
  }
  return { ok: true, ms: sumOf(fixed, [7 * DAY_MS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS]) };
}

function sumOf(counts: readonly (string | undefined)[], unitsMs: readonly number[]): number {
  return counts.reduce(
    (sum, count, index) => sum + Number((count ?? '0').replace(',', '.')) * (unitsMs[index] ?? 0),
    0,
  );
}

const NEGATIVE = 'a duration must not be negative';

/** The likeliest mistake, in words. */
function hintFor(text: string): string {
  if (text.trim() === '') return 'a duration is missing: write for example 10s';
  if (text.startsWith('-')) return NEGATIVE;
  if (/^\d+(?:\.\d+)?$/.test(text)) return `${show(text)} has no unit: write ${text}s for seconds`;
  if (/\d(?:y|year|mo|month|w|week)s?$/i.test(text)) {
    return `${show(text)}: weeks, months and years are written in days, such as 30d`;
  }
  if (/\d(?:ns|us|µs|μs)/.test(text)) return `${show(text)}: the smallest unit is the millisecond (ms)`;
  return `${show(text)} is not a duration: write d, h, m, s, ms from large to small, such as 1h30m`;
}

function show(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, '?');
}

function refuse(reason: string): ParsedDuration {
  return { ok: false, reason };
}
