import './text-diff.css';
import { Fragment, useMemo, useState } from 'react';
import { visible } from './foreign.tsx';
import { countText } from './format.ts';
import { useNarrow } from './page.ts';
import { type Side, type Stretch, stretchesOf, type TextRow, textRowsOf } from './text-diff.ts';

type Way = 'beside' | 'unified';

/** Two texts: what was taken away and put in, line by line and within a line word by word. */
export function TextDiffView({ before, after }: { before: string; after: string }) {
  const narrow = useNarrow();
  const [wanted, setWanted] = useState<Way>();
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const rows = useMemo(() => textRowsOf(before, after), [before, after]);
  const stretches = useMemo(() => stretchesOf(rows), [rows]);
  const way = wanted ?? (narrow ? 'unified' : 'beside');
  const added = rows.filter(({ kind }) => kind === 'added' || kind === 'changed').length;
  const removed = rows.filter(({ kind }) => kind === 'removed' || kind === 'changed').length;
  if (added + removed === 0) return <p className="nothing muted">The texts are the same.</p>;
  return (
    <div className="text-diff">
      <div className="text-diff-head">
        <span className="muted">
          <span className="plus">+{countText(added, 'line')}</span>{' '}
          <span className="minus">−{countText(removed, 'line')}</span>
        </span>
        <fieldset className="segments" aria-label="Diff layout">
          <button type="button" aria-pressed={way === 'beside'} onClick={() => setWanted('beside')}>
            Side by side
          </button>
          <button type="button" aria-pressed={way === 'unified'} onClick={() => setWanted('unified')}>
            Unified
          </button>
        </fieldset>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also for those without a mouse */}
      <section className="text-diff-scroll" tabIndex={0} aria-label="Differences, line by line">
        <table className={way}>
          {way === 'beside' ? (
            <colgroup>
              <col className="line-no" />
              <col />
              <col className="line-no" />
              <col />
            </colgroup>
          ) : null}
          <tbody>
            {stretches.map((stretch) =>
              stretch.folded && !opened.has(stretch.start) ? (
                <tr key={stretch.start} className="fold">
                  <td colSpan={4}>
                    <button type="button" onClick={() => setOpened(new Set([...opened, stretch.start]))}>
                      {countText(stretch.rows.length, 'equal line')}
                    </button>
                  </td>
                </tr>
              ) : (
                <Rows key={stretch.start} stretch={stretch} way={way} />
              ),
            )}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Rows({ stretch, way }: { stretch: Stretch; way: Way }) {
  if (way === 'beside') {
    return stretch.rows.map((row) => (
      <tr key={keyOf(row)}>
        <Cell side={row.before} kind={row.kind === 'same' ? 'same' : 'minus'} />
        <Cell side={row.after} kind={row.kind === 'same' ? 'same' : 'plus'} />
      </tr>
    ));
  }
  return hunksOf(stretch.rows).map((hunk) => (
    <Fragment key={hunk[0] === undefined ? '' : keyOf(hunk[0])}>
      {hunk.map((row) =>
        row.before === undefined ? null : (
          <Line key={keyOf(row)} row={row} side={row.before} kind={row.kind === 'same' ? 'same' : 'minus'} />
        ),
      )}
      {hunk.map((row) =>
        row.after === undefined || row.kind === 'same' ? null : (
          <Line key={keyOf(row)} row={row} side={row.after} kind="plus" />
        ),
      )}
    </Fragment>
  ));
}

function Line({ row, side, kind }: { row: TextRow; side: Side; kind: 'same' | 'plus' | 'minus' }) {
  return (
    <tr>
      <td className="number">{kind === 'plus' ? '' : row.before?.line}</td>
      <td className="number">{kind === 'minus' ? '' : row.after?.line}</td>
      <Text side={side} kind={kind} />
    </tr>
  );
}

function Cell({ side, kind }: { side: Side | undefined; kind: 'same' | 'plus' | 'minus' }) {
  if (side === undefined) return <td colSpan={2} className="void" />;
  return (
    <>
      <td className="number">{side.line}</td>
      <Text side={side} kind={kind} />
    </>
  );
}

function Text({ side, kind }: { side: Side; kind: 'same' | 'plus' | 'minus' }) {
  return (
    <td className={`code ${kind}`}>
      {kind === 'same' ? null : <span className="sr">{kind === 'plus' ? 'added: ' : 'removed: '}</span>}
      {side.pieces.map(({ text, other }, at) => {
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line are in order and never move
        return other ? <mark key={at}>{visible(text)}</mark> : <span key={at}>{visible(text)}</span>;
      })}
    </td>
  );
}

/** Changed rows that follow each other are one hunk: what was, then what is. */
function hunksOf(rows: readonly TextRow[]): TextRow[][] {
  const hunks: TextRow[][] = [];
  for (const row of rows) {
    const last = hunks.at(-1);
    const joins = row.kind !== 'same' && last?.[0] !== undefined && last[0].kind !== 'same';
    if (joins) last?.push(row);
    else hunks.push([row]);
  }
  return hunks;
}

function keyOf({ before, after }: TextRow): string {
  return `${before?.line ?? ''} ${after?.line ?? ''}`;
}
