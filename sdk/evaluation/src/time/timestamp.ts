const DAY_MS = 24 * 60 * 60 * 1000;

/** The layout whose complaint Go reports: the last one that Keptn tries. */
const LAYOUT = '2006-01-02T15:04:05';

export type Timestamp = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly message: string };

interface Field {
  readonly literal: string;
  readonly digits: number;
  readonly layout: string;
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

const FIELDS: readonly Field[] = [
  { literal: '', digits: 4, layout: '2006', name: 'year', low: 0, high: 9999 },
  { literal: '-', digits: 2, layout: '01', name: 'month', low: 1, high: 12 },
  { literal: '-', digits: 2, layout: '02', name: 'day', low: 1, high: 31 },
  { literal: 'T', digits: 2, layout: '15', name: 'hour', low: 0, high: 23 },
  { literal: ':', digits: 2, layout: '04', name: 'minute', low: 0, high: 59 },
  { literal: ':', digits: 2, layout: '05', name: 'second', low: 0, high: 59 },
];

const ZONE = /^(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * RFC 3339 with any offset, or without one, taken as UTC; date only and epoch seconds are refused in Go's words.
 * Deviation: Keptn drops the offset and prints the local time with a `Z`; here 15:00+10:00 is 05:00 UTC.
 */
export function parseTimestamp(text: string): Timestamp {
  let rest = text;
  const numbers: number[] = [];
  for (const field of FIELDS) {
    if (!rest.startsWith(field.literal))
      return failed(text, `cannot parse ${quoted(rest)} as ${quoted(field.literal)}`);
    rest = rest.slice(field.literal.length);
    const digits = rest.slice(0, field.digits);
    if (digits.length < field.digits || !/^\d+$/.test(digits)) {
      return failed(text, `cannot parse ${quoted(rest)} as ${quoted(field.layout)}`);
    }
    const number = Number(digits);
    if (number < field.low || number > field.high) return outOfRange(text, field.name);
    numbers.push(number);
    rest = rest.slice(field.digits);
  }
  const fraction = /^[.,](\d+)/.exec(rest);
  rest = rest.slice(fraction?.[0].length ?? 0);
  const zone = rest === '' ? { offsetMs: 0 } : zoneOf(rest);
  if (zone === null) return { ok: false, message: `parsing time ${quoted(text)}: extra text: ${quoted(rest)}` };
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  if (day > daysIn(year, month)) return outOfRange(text, 'day');
  const seconds = hour * 3600 + minute * 60 + second;
  const fractionMs = fraction ? Number(`0.${fraction[1]}`) * 1000 : 0;
  return { ok: true, ms: daysFromCivil(year, month, day) * DAY_MS + seconds * 1000 + fractionMs - zone.offsetMs };
}

function zoneOf(text: string): { offsetMs: number } | null {
  const match = ZONE.exec(text);
  if (match === null) return null;
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
  return { offsetMs: (match[1] === '-' ? -1 : 1) * minutes * 60_000 };
}

/** Cut to milliseconds, as `2006-01-02T15:04:05.000Z`. */
export function formatTimestamp(ms: number): string {
  const whole = Math.floor(ms);
  const days = Math.floor(whole / DAY_MS);
  const inDay = whole - days * DAY_MS;
  const { year, month, day } = civilFromDays(days);
  const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  const clock = [Math.floor(inDay / 3_600_000), Math.floor(inDay / 60_000) % 60, Math.floor(inDay / 1000) % 60];
  return `${date}T${clock.map((part) => padded(part, 2)).join(':')}.${padded(inDay % 1000, 3)}Z`;
}

const padded = (value: number, width: number): string => String(value).padStart(width, '0');
const quoted = (text: string): string => JSON.stringify(text);
const failed = (text: string, why: string): Timestamp => ({
  ok: false,
  message: `parsing time ${quoted(text)} as ${quoted(LAYOUT)}: ${why}`,
});
const outOfRange = (text: string, name: string): Timestamp => ({
  ok: false,
  message: `parsing time ${quoted(text)}: ${name} out of range`,
});

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant's algorithms). The pure rooms have no Date.
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const part = Math.floor((5 * dayOfYear + 2) / 153);
  const month = part + (part < 10 ? 3 : -9);
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * part + 2) / 5) + 1 };
}
