import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMaxMs, formatDuration, parseDuration } from '../src/duration.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a duration is read', () => {
  test.each([
    ['250ms', 250],
    ['10s', 10 * SECOND],
    ['1h30m', 90 * MINUTE],
    ['2d', 2 * DAY],
    ['1d2h3m4s5ms', DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5],
    ['1.5h', 90 * MINUTE],
    ['1.1h', 3_960_000],
    ['0.25s', 250],
    ['0h10m', 10 * MINUTE],
    ['25d', 25 * DAY],
    ['365d', durationMaxMs],
    ['PT10M', 10 * MINUTE],
    ['PT10S', 10 * SECOND],
    ['P1D', DAY],
    ['P1DT12H', 36 * HOUR],
    ['P2W', 14 * DAY],
    ['PT0.5S', 500],
    ['PT0,5S', 500],
    ['PT36H', 36 * HOUR],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, ms });
  });
});

describe('a duration is refused with the reason', () => {
  test.each([
    ['', 'missing'],
    [' ', 'missing'],
    ['10', 'no unit'],
    ['0', 'no unit'],
    ['0s', 'zero'],
    ['0d0h', 'zero'],
    ['PT0S', 'zero'],
    ['-1s', 'negative'],
    ['-PT10M', 'negative'],
    ['1e99d', 'not a duration'],
    ['1e3s', 'not a duration'],
    ['99999999999999999999999d', 'longer than 365d'],
    ['366d', 'longer than 365d'],
    ['365d1ms', 'longer than 365d'],
    ['P53W', 'longer than 365d'],
    ['P1Y', 'year'],
    ['P1Y2M', 'year'],
    ['P1M', 'month'],
    ['1y', 'days'],
    ['2w', 'days'],
    ['3months', 'days'],
    ['10us', 'millisecond'],
    ['10µs', 'millisecond'],
    ['0.4ms', 'less than a millisecond'],
    ['1m1h', 'large to small'],
    ['1s1s', 'large to small'],
    ['1S', 'not a duration'],
    ['1 s', 'not a duration'],
    ['10s\n', 'not a duration'],
    ['ten seconds', 'not a duration'],
    ['.5s', 'not a duration'],
    ['Infinitys', 'not a duration'],
    ['٣s', 'not a duration'],
    ['P', 'ISO 8601'],
    ['PT', 'ISO 8601'],
    ['P1DT', 'ISO 8601'],
    ['P1H', 'ISO 8601'],
    ['PT1D', 'ISO 8601'],
    ['P-1D', 'ISO 8601'],
    [`${'1'.repeat(100)}s`, 'at most 64 characters'],
    ['\u001b[31m\n', 'not a duration'],
  ])('%j', (text, reason) => {
    const read = parseDuration(text);
    expect(read).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
    expect(!read.ok && read.reason).toMatch(/^[\x20-\x7e]+$/);
  });

  test('zero only where it means something', () => {
    for (const text of ['0s', '0ms', 'PT0S', 'P0D'])
      expect(parseDuration(text, { allowZero: true })).toEqual({ ok: true, ms: 0 });
    expect(parseDuration('0', { allowZero: true }).ok).toBe(false);
  });

  test('beyond a bound of its own', () => {
    expect(parseDuration('1h', { maxMs: HOUR }).ok).toBe(true);
    expect(parseDuration('61m', { maxMs: HOUR })).toMatchObject({
      reason: '61m is longer than 1h, the most that is allowed',
    });
  });
});

describe('a duration is written', () => {
  test.each([
    [0, '0s'],
    [1, '1ms'],
    [90 * MINUTE, '1h30m'],
    [DAY + 5, '1d5ms'],
    [25 * DAY, '25d'],
    [-1500, '-1s500ms'],
  ])('%d as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('so that it reads back as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: durationMaxMs }), (ms) => {
        expect(parseDuration(formatDuration(ms), { allowZero: true })).toEqual({ ok: true, ms });
      }),
    );
  });

  test('only when it is whole', () => {
    for (const ms of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => formatDuration(ms)).toThrow(RangeError);
  });
});

test('no text throws, and none gives a duration outside the bounds', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^-?P?T?([0-9.,e]{1,5}[dhmsDHMSWYn]{0,2}){0,5}$/));
  fc.assert(
    fc.property(text, (input) => {
      const read = parseDuration(input);
      if (read.ok) expect(Number.isInteger(read.ms) && read.ms > 0 && read.ms <= durationMaxMs).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
