import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { globSource, matchesGlob, parseTypePattern } from '../src/type-pattern.ts';

const TYPES = ['work.triggered', 'work.finished', 'dev.work.finished', 'work.status.changed', 'dev-2.s.triggered'];

function matched(pattern: string): string[] {
  const parsed = parseTypePattern(pattern);
  if (!parsed.ok) throw new Error(`${pattern} ${parsed.problem}`);
  return TYPES.filter((type) => matchesGlob(parsed.glob, type));
}

describe('a pattern of event types', () => {
  test.each([
    ['*', TYPES],
    ['>', TYPES],
    ['sh.keptn.>', TYPES],
    ['sh.keptn.*', TYPES],
    ['sh.keptn.event.>', TYPES],
    ['*.finished', ['work.finished', 'dev.work.finished']],
    ['sh.keptn.event.*.finished', ['work.finished', 'dev.work.finished']],
    ['work.*d', ['work.triggered', 'work.finished', 'work.status.changed']],
    ['work.>', ['work.triggered', 'work.finished', 'work.status.changed']],
    ['dev.*.finished', ['dev.work.finished']],
    ['work.finished', ['work.finished']],
    ['sh.keptn.event.work.finished', ['work.finished']],
  ])('%s matches what it says', (pattern, expected) => {
    expect(matched(pattern)).toEqual(expected);
  });

  test.each([
    ['work.finishd', 6, 'finished'],
    ['*.finishd', 3, 'finished'],
    ['Work.finished', 1, undefined],
    ['work finished', 5, undefined],
    ['dev.>.finished', 5, undefined],
    ['work>', 5, undefined],
    ['work..finished', 5, undefined],
    ['', 1, undefined],
    ['finished', 1, undefined],
    ['sh.keptn.work.finished', 10, undefined],
    ['sh.keptn.event.work.finishd', 21, 'finished'],
    ['work.[a-z]', 6, undefined],
  ])('%s is refused with its place', (pattern, column, nearest) => {
    expect(parseTypePattern(pattern)).toMatchObject({ ok: false, column, ...(nearest ? { nearest } : {}) });
  });

  test('the matcher and the regular expression for stores agree', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '-'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (glob, type) => {
        fc.pre(!type.includes('*'));
        expect(matchesGlob(glob, type)).toBe(new RegExp(globSource(glob)).test(type));
      }),
    );
  });
});
