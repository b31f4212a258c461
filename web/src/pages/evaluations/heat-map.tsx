import type { EvaluatedSli, EvaluationSummary } from '@slipway/contract';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { Glyph } from '../../ui/badge.tsx';
import { exactText } from '../../ui/format.ts';
import { verdictLook } from '../../ui/state.ts';
import { buildOf, type HeatMap as Map_, numberText, TOTAL } from './heat.ts';

export type CellAt = { evaluation: string; sli: string };

/**
 * SLI by evaluation. One cell is in the order of the tab key, the arrows go on from there; what has the focus is told beside
 * the map, so that nothing covers it, and Enter opens its evaluation.
 */
export function HeatMap(props: { map: Map_; at: CellAt | undefined; onAt: (at: CellAt) => void }) {
  const { map, at, onAt } = props;
  const navigate = useNavigate();
  const box = useRef<HTMLDivElement>(null);
  const names = [TOTAL, ...map.rows.map(({ sli }) => sli)];
  const row = Math.max(0, names.indexOf(at?.sli ?? TOTAL));
  const foundColumn = map.columns.findIndex(({ id }) => id === at?.evaluation);
  const column = foundColumn === -1 ? map.columns.length - 1 : foundColumn;
  // The newest are at the right: that is where one looks first.
  useEffect(() => {
    box.current?.scrollTo({ left: box.current.scrollWidth });
  }, []);
  const tell = (target: EventTarget): void => {
    const cell = target instanceof Element ? target.closest<HTMLElement>('[data-cell]') : null;
    if (cell !== null) onAt({ evaluation: cell.dataset.cell ?? '', sli: cell.dataset.sli ?? TOTAL });
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = map.columns[clamp(step.to ?? column + step.x, map.columns.length)];
    const sli = names[clamp(row + step.y, names.length)];
    if (next === undefined || sli === undefined) return;
    const selector = `[data-cell="${CSS.escape(next.id)}"][data-sli="${CSS.escape(sli)}"]`;
    box.current?.querySelector<HTMLElement>(selector)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the cells are links; this is what the arrows add to them
    <div
      ref={box}
      className="heat-box"
      onKeyDown={onKeyDown}
      onFocus={(event) => tell(event.target)}
      onPointerOver={(event) => {
        if (event.pointerType === 'mouse') tell(event.target);
      }}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-cell]') : null;
        if (cell === null) return;
        event.preventDefault();
        const sli = cell.dataset.sli;
        void navigate({
          to: '/evaluations/$evaluation',
          params: { evaluation: cell.dataset.cell ?? '' },
          search: sli === undefined || sli === TOTAL ? {} : { sli },
        });
      }}
    >
      <table className="heat">
        <caption className="sr">SLIs by evaluation, oldest first; the arrow keys go from cell to cell</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="sr">SLI</span>
            </th>
            {map.columns.map((evaluation) => (
              <th
                key={evaluation.id}
                scope="col"
                className={evaluation.id === map.columns[column]?.id ? 'build at' : 'build'}
                title={exactText(evaluation.at)}
              >
                <span className={evaluation.invalidated === undefined ? undefined : 'invalid'}>
                  {buildOf(evaluation) ?? shortTime(evaluation.at)}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr className="total">
            <th scope="row">Score</th>
            {map.columns.map((evaluation, place) => (
              <Cell
                key={evaluation.id}
                evaluation={evaluation}
                sli={undefined}
                name="Score"
                inOrder={row === 0 && place === column}
              />
            ))}
          </tr>
          {map.rows.map((line, index) => (
            <tr key={line.sli}>
              <th scope="row" title={line.sli}>
                <span className="cut">{line.name}</span>
                {line.keySli ? <span className="tag">key</span> : null}
              </th>
              {line.cells.map((cell, place) => {
                const evaluation = map.columns[place];
                return evaluation === undefined ? null : (
                  <Cell
                    key={evaluation.id}
                    evaluation={evaluation}
                    sli={cell ?? { sli: line.sli, absent: true }}
                    name={line.name}
                    inOrder={index + 1 === row && place === column}
                  />
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const steps: Record<string, { x: number; y: number; to?: number }> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  Home: { x: 0, y: 0, to: 0 },
  End: { x: 0, y: 0, to: Number.POSITIVE_INFINITY },
};

function clamp(place: number, length: number): number {
  return Math.max(0, Math.min(length - 1, place));
}

type Absent = { sli: string; absent: true };

function Cell(props: {
  evaluation: EvaluationSummary;
  sli: EvaluatedSli | Absent | undefined;
  name: string;
  inOrder: boolean;
}) {
  const { evaluation, sli, name, inOrder } = props;
  const absent = sli !== undefined && 'absent' in sli;
  const look = absent ? undefined : verdictLook(sli?.status ?? evaluation.verdict);
  const className = [
    'heat-cell',
    look === undefined ? 'absent' : `tone-${look.tone}`,
    evaluation.invalidated === undefined ? '' : 'invalid',
  ].join(' ');
  const build = buildOf(evaluation) ?? exactText(evaluation.at);
  const value = sli === undefined ? evaluation.score : absent ? null : sli.value;
  const text =
    look === undefined ? 'was not evaluated' : `${look.word}${value === null ? '' : `, ${numberText(value)}`}`;
  return (
    <td>
      <a
        href={`/evaluations/${encodeURIComponent(evaluation.id)}`}
        className={className}
        tabIndex={inOrder ? 0 : -1}
        data-cell={evaluation.id}
        data-sli={sli?.sli ?? TOTAL}
        aria-label={`${name}, ${build}: ${text}${evaluation.invalidated === undefined ? '' : ', invalidated'}`}
      >
        {look === undefined ? <span aria-hidden="true">·</span> : <Glyph shape={look.shape} />}
      </a>
    </td>
  );
}

const day = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

function shortTime(at: number): string {
  return day.format(at);
}
