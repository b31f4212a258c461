import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration, parseGoDuration } from '../src/time/duration.ts';
import { formatTimestamp, parseTimestamp } from '../src/time/timestamp.ts';

const instant = fc.integer({ min: Date.UTC(0, 0, 1) - 1e13, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) });

describe('a calendar without a clock', () => {
  test('formats and reads as Date does', () => {
    fc.assert(
      fc.property(
        instant.filter((ms) => new Date(ms).getUTCFullYear() >= 0),
        (ms) => {
          const text = new Date(ms).toISOString();
          expect(formatTimestamp(ms)).toBe(text);
          expect(parseTimestamp(text)).toEqual({ ok: true, ms });
        },
      ),
      { seed: 7, numRuns: 5000 },
    );
  });

  test.each([
    ['2020-01-02T15:00:00+10:00', '2020-01-02T05:00:00.000Z'],
    ['2020-01-01T00:00:00.1239-00:30', '2020-01-01T00:30:00.123Z'],
    ['2020-02-29T12:00:00', '2020-02-29T12:00:00.000Z'],
  ])('%s is %s', (text, utc) => {
    const parsed = parseTimestamp(text);
    expect(parsed.ok && formatTimestamp(parsed.ms)).toBe(utc);
  });

  test.each([
    ['2021-02-29T12:00:00Z', 'parsing time "2021-02-29T12:00:00Z": day out of range'],
    ['2021-13-01T12:00:00Z', 'parsing time "2021-13-01T12:00:00Z": month out of range'],
    ['2021-01-01T12:00:00 o’clock', 'parsing time "2021-01-01T12:00:00 o’clock": extra text: " o’clock"'],
    ['', 'parsing time "" as "2006-01-02T15:04:05": cannot parse "" as "2006"'],
  ])('%j is none', (text, message) => {
    expect(parseTimestamp(text)).toEqual({ ok: false, message });
  });
});

test.each<[string, number]>([
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['-5m', -300_000],
  ['250us', 0.25],
  ['0', 0],
])('%s is a duration of Go', (text, ms) => {
  expect(parseGoDuration(text)).toEqual({ ok: true, ms });
});

test('days and weeks are durations of ours alone', () => {
  expect(parseDuration('30d')).toBe(30 * 86_400_000);
  expect(parseDuration('2w')).toBe(14 * 86_400_000);
  expect(parseGoDuration('5')).toEqual({ ok: false, message: 'time: missing unit in duration "5"' });
});
