import { diffLines, diffWordsWithSpace } from 'diff';

/** A piece of a line; `other` where the two lines differ. */
export type Piece = { text: string; other: boolean };
export type Side = { line: number; pieces: Piece[] };
/** One row of two texts side by side; a side is undefined where that text has no such line. */
export type TextRow = {
  kind: 'same' | 'changed' | 'removed' | 'added';
  before: Side | undefined;
  after: Side | undefined;
};

/** Texts that differ more than this are shown as one replaced by the other, before the page stands still. */
const TIMEOUT_MS = 1_500;
/** Words are compared in lines up to so long. */
const WORDS_MAX = 500;

export function textRowsOf(before: string, after: string): TextRow[] {
  const changes = diffLines(before, after, { timeout: TIMEOUT_MS, ignoreNewlineAtEof: true }) ?? [
    { value: before, removed: true, added: false },
    { value: after, removed: false, added: true },
  ];
  const rows: TextRow[] = [];
  const at = { before: 1, after: 1 };
  changes.forEach((change, index) => {
    const lines = linesOf(change.value);
    if (change.removed) {
      const follower = changes[index + 1];
      const replaced = follower?.added ? linesOf(follower.value) : [];
      for (let line = 0; line < Math.max(lines.length, replaced.length); line += 1) {
        rows.push(rowOf(lines[line], replaced[line], at));
      }
    } else if (change.added) {
      if (!changes[index - 1]?.removed) for (const line of lines) rows.push(rowOf(undefined, line, at));
    } else {
      for (const line of lines) rows.push(rowOf(line, line, at));
    }
  });
  return rows;
}

function rowOf(before: string | undefined, after: string | undefined, at: { before: number; after: number }): TextRow {
  const [old, now] =
    before === undefined || after === undefined ? [whole(before), whole(after)] : pieces(before, after);
  return {
    kind: before === undefined ? 'added' : after === undefined ? 'removed' : before === after ? 'same' : 'changed',
    before: before === undefined ? undefined : { line: at.before++, pieces: old },
    after: after === undefined ? undefined : { line: at.after++, pieces: now },
  };
}

function whole(line: string | undefined): Piece[] {
  return [{ text: line ?? '', other: false }];
}

function pieces(before: string, after: string): [Piece[], Piece[]] {
  if (before === after || before.length + after.length > WORDS_MAX) return [whole(before), whole(after)];
  const words = diffWordsWithSpace(before, after);
  return [
    words.flatMap(({ value, added, removed }) => (added ? [] : [{ text: value, other: removed }])),
    words.flatMap(({ value, added, removed }) => (removed ? [] : [{ text: value, other: added }])),
  ];
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Rows worth reading, and runs of equal ones between them that are folded; `around` equal rows stay beside each change. */
export type Stretch = { folded: boolean; rows: TextRow[]; start: number };

export function stretchesOf(rows: readonly TextRow[], around = 3): Stretch[] {
  const near = rows.map(() => false);
  rows.forEach(({ kind }, at) => {
    if (kind === 'same') return;
    for (let row = Math.max(0, at - around); row <= Math.min(rows.length - 1, at + around); row += 1) near[row] = true;
  });
  const stretches: Stretch[] = [];
  rows.forEach((row, at) => {
    const folded = near[at] !== true;
    const last = stretches.at(-1);
    if (last === undefined || last.folded !== folded) stretches.push({ folded, rows: [row], start: at });
    else last.rows.push(row);
  });
  return stretches;
}
