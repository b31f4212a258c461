import { describe, expect, test } from 'vitest';
import { stretchesOf, type TextRow, textRowsOf } from '../src/ui/text-diff.ts';

function shortOf(rows: readonly TextRow[]): string[] {
  return rows.map(({ kind, before, after }) => {
    const text = (side: typeof before) =>
      side?.pieces.map((piece) => (piece.other ? `<${piece.text}>` : piece.text)).join('');
    return `${kind} ${before?.line ?? '-'}:${text(before) ?? ''} ${after?.line ?? '-'}:${text(after) ?? ''}`;
  });
}

describe('two texts side by side', () => {
  test('a changed word is marked in both lines, and the numbers of the lines go on', () => {
    expect(shortOf(textRowsOf('a: 1\nb: 2\nc: 3\n', 'a: 1\nb: 9\nc: 3\n'))).toEqual([
      'same 1:a: 1 1:a: 1',
      'changed 2:b: <2> 2:b: <9>',
      'same 3:c: 3 3:c: 3',
    ]);
  });

  test('a line more and a line less have nothing beside them', () => {
    expect(shortOf(textRowsOf('a\nb\n', 'a\nx\nb\n'))).toEqual(['same 1:a 1:a', 'added -: 2:x', 'same 2:b 3:b']);
    expect(shortOf(textRowsOf('a\nx\nb\n', 'a\nb\n'))).toEqual(['same 1:a 1:a', 'removed 2:x -:', 'same 3:b 2:b']);
  });

  test('more lines in the place of one', () => {
    expect(shortOf(textRowsOf('one\n', 'uno\ndue\n'))).toEqual(['changed 1:<one> 1:<uno>', 'added -: 2:due']);
  });

  test('a text without a line break at its end, and an empty one', () => {
    expect(textRowsOf('a', 'a\n').every(({ kind }) => kind === 'same')).toBe(true);
    expect(shortOf(textRowsOf('', 'a'))).toEqual(['added -: 1:a']);
    expect(textRowsOf('', '')).toEqual([]);
  });

  test('equal lines far from any change are folded', () => {
    const lines = Array.from({ length: 30 }, (_, line) => `line ${line}`);
    const rows = textRowsOf(lines.join('\n'), lines.toSpliced(15, 1, 'other').join('\n'));
    expect(stretchesOf(rows).map(({ folded, rows: some, start }) => [folded, some.length, start])).toEqual([
      [true, 12, 0],
      [false, 7, 12],
      [true, 11, 19],
    ]);
  });
});
