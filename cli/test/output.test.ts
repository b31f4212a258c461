import { describe, expect, test } from 'vitest';
import { createPaint, cutToWidth, firstLine, linesOf, shown, visibleWidth, wantsColour } from '../src/output/paint.ts';
import { formatTable } from '../src/output/table.ts';
import { relativeTime, tookText } from '../src/output/time.ts';

const plain = createPaint(false);
const painted = createPaint(true);
const ESC = '\u001b';

describe('tables', () => {
  const columns = [
    { title: 'NAME', value: (row: { name: string; count: number; note: string }) => row.name },
    { title: 'COUNT', value: (row: { count: number }) => String(row.count), align: 'right' as const },
    { title: 'NOTE', value: (row: { note: string }) => row.note },
  ];

  test('columns are aligned, numbers to the right, and an empty column is left out', () => {
    const rows = [
      { name: 'a', count: 5, note: '' },
      { name: 'longer', count: 1234, note: '' },
    ];
    expect(formatTable(rows, columns, plain)).toEqual(['NAME    COUNT', 'a           5', 'longer   1234']);
  });

  test('a colour takes no room', () => {
    const rows = [
      { name: painted.red('a'), count: 1, note: 'x' },
      { name: 'bb', count: 2, note: 'y' },
    ];
    const [, first = '', second = ''] = formatTable(rows, columns, painted);
    const before = (line: string, mark: string): number => visibleWidth(line.slice(0, line.indexOf(mark)));
    expect(before(first, '1 ')).toBe(before(second, '2 '));
  });
});

describe('times', () => {
  test.each([
    [0, 'now'],
    [12_400, '12s ago'],
    [190_000, '3m ago'],
    [47 * 3_600_000, '47h ago'],
    [5 * 86_400_000, '5d ago'],
    [-30_000, 'in 30s'],
  ])('%d ms before now is %s', (ms, expected) => expect(relativeTime(1e12 - ms, 1e12)).toBe(expected));

  test.each([
    [-5, '0 ms'],
    [240, '240 ms'],
    [1234, '1.2 s'],
    [200_000, '3m 20s'],
    [7_500_000, '2h 5m'],
  ])('%d ms take %s', (ms, expected) => expect(tookText(ms)).toBe(expected));
});

describe('a line is cut to the width of the terminal', () => {
  test('without leaving a colour on', () => {
    const cut = cutToWidth(`ab${painted.red('cdef')}gh`, 5);
    expect(visibleWidth(cut)).toBe(5);
    expect(shown(cut).endsWith(`…${ESC}[0m`)).toBe(true);
  });

  test('and one that fits is left as it is', () => expect(cutToWidth(painted.red('abc'), 3)).toBe(painted.red('abc')));
});

test('colours are for terminals, and NO_COLOR turns them off', () => {
  expect(wantsColour({ isTTY: true }, {})).toBe(true);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  expect(wantsColour({}, {})).toBe(false);
});

test('a colour of ours is shown, one in a text from outside is not', () => {
  expect(shown(painted.red(`a${ESC}[32mb`))).toBe(`${ESC}[31ma\\u001b[32mb${ESC}[39m`);
  expect(visibleWidth(painted.red(`a${ESC}b`))).toBe(8);
});

test('what a service says cannot command the terminal', () => {
  expect(shown(`${ESC}]0;title\u0007 a\tb \u202egnp.exe`)).toBe('\\u001b]0;title\\u0007 a b \\u202egnp.exe');
});

test('a text of several lines keeps them, below its first, and a caret stands where it stood', () => {
  const error = `No such key: url\r\n>    1 | tasks.deploy.output.url\n             ^\n\n${ESC}[2J\n`;
  expect(linesOf(error, 2)).toEqual([
    'No such key: url',
    '  >    1 | tasks.deploy.output.url',
    '               ^',
    '',
    `  ${ESC}[2J`,
  ]);
  expect(firstLine(error)).toBe('No such key: url');
  expect(firstLine('\n  Traceback\n  at a')).toBe('Traceback');
});
