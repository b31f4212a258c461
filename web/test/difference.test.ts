import { describe, expect, test } from 'vitest';
import { type Difference, differenceOf } from '../src/ui/difference.ts';

/** Each place that differs, with what it was and is. */
function placesOf(difference: Difference, path = ''): [string, unknown, unknown][] {
  if (difference.kind === 'same') return [];
  if (difference.kind !== 'inside') return [[path, difference.before, difference.after]];
  return difference.parts.flatMap((part) => placesOf(part, `${path}/${part.name}`));
}

describe('what differs between two payloads', () => {
  test.each<[string, unknown, unknown, [string, unknown, unknown][]]>([
    ['nothing', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['one value far down', { a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1, d: 3 } } }, [['/a/b/d', 2, 3]]],
    ['the order of members is none', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    [
      'a member more and one less',
      { a: 1 },
      { b: 1 },
      [
        ['/a', 1, undefined],
        ['/b', undefined, 1],
      ],
    ],
    ['null is not absent', { a: null }, {}, [['/a', null, undefined]]],
    ['a list is no object', { a: [] }, { a: {} }, [['/a', [], {}]]],
    ['an item put into the middle is one difference', [1, 2, 3], [1, 9, 2, 3], [['/1', undefined, 9]]],
    ['an item taken away is one difference', ['a', 'b', 'c'], ['a', 'c'], [['/1', 'b', undefined]]],
    ['equal items beside each other', [1, 1], [1, 1, 1], [['/2', undefined, 1]]],
    ['an output that is not there yet', undefined, { a: 1 }, [['', undefined, { a: 1 }]]],
    ['a member named as one of every object', { ['__proto__']: 1 }, { ['__proto__']: 2 }, [['/__proto__', 1, 2]]],
  ])('%s', (_name, before, after, places) => {
    expect(placesOf(differenceOf(before, after))).toEqual(places);
  });

  test('is counted', () => {
    expect(differenceOf({ a: 1, b: [1, 2], c: 3 }, { a: 2, b: [1, 3], c: 3 }).count).toBe(2);
  });
});
