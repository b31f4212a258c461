import type { RunView } from '@slipway/contract';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { Glyph } from '../../ui/badge.tsx';
import { countText, durationText } from '../../ui/format.ts';
import { useNarrow } from '../../ui/page.ts';
import { taskLook } from '../../ui/state.ts';
import type { Pair } from './compare.ts';

const ROW_PX = 48;
const ROW_NARROW_PX = 76;

/** Each task once, with both its ends; the list is virtual, so two runs of two thousand tasks are no problem. */
export function PairList(props: {
  pairs: readonly Pair[];
  before: RunView;
  after: RunView;
  selected: string | undefined;
}) {
  const { pairs, before, after, selected } = props;
  const [onlyOther, setOnlyOther] = useState(false);
  const narrow = useNarrow();
  const box = useRef<HTMLDivElement>(null);
  const shown = onlyOther ? pairs.filter(({ differs }) => differs.length > 0) : pairs;
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => (narrow ? ROW_NARROW_PX : ROW_PX),
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows have another height
  useEffect(() => rows.measure(), [narrow]);
  const longest = Math.max(1, ...pairs.flatMap(({ beforeMs = 0, afterMs = 0 }) => [beforeMs, afterMs]));
  const others = pairs.filter(({ differs }) => differs.length > 0).length;
  return (
    <section className="panel pairs" aria-label="Tasks of both runs">
      <header>
        <h2>
          {others === 0
            ? 'No task differs'
            : `${countText(others, 'task')} of ${pairs.length.toLocaleString('en')} differ`}
        </h2>
        <label className="check end">
          <input type="checkbox" checked={onlyOther} onChange={(event) => setOnlyOther(event.target.checked)} />
          Only differences
        </label>
      </header>
      <div ref={box} className="pair-rows" tabIndex={shown.length > 12 ? 0 : undefined}>
        <div className="all" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const pair = shown[item.index];
            return pair === undefined ? null : (
              <div
                key={pair.key}
                className="slot"
                style={{ transform: `translateY(${item.start}px)`, height: item.size }}
              >
                <PairRow pair={pair} a={before.id} b={after.id} longest={longest} selected={pair.key === selected} />
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

function PairRow(props: { pair: Pair; a: string; b: string; longest: number; selected: boolean }) {
  const { pair, a, b, longest, selected } = props;
  return (
    <Link
      to="/runs/compare"
      search={{ a, b, task: pair.key }}
      replace
      resetScroll={false}
      className="pair-row"
      aria-current={selected ? 'true' : undefined}
      data-line
    >
      <span className="name">
        <span className="cut">{pair.key}</span>
        <span className="cut muted">{pair.differs.length === 0 ? 'same' : pair.differs.join(', ')}</span>
      </span>
      <End letter="A" task={pair.before} ms={pair.beforeMs} longest={longest} />
      <End letter="B" task={pair.after} ms={pair.afterMs} longest={longest} />
      <span className="num change">{changeText(pair)}</span>
    </Link>
  );
}

function End(props: { letter: string; task: Pair['before']; ms: number | undefined; longest: number }) {
  const { letter, task, ms, longest } = props;
  if (task === undefined) return <span className="end-of muted">Not in {letter}</span>;
  const look = taskLook(task);
  return (
    <span className={`end-of tone-${look.tone}`}>
      <span className="only-narrow">{letter}</span>
      <Glyph shape={look.shape} />
      <span className="word">{look.word}</span>
      <span className="num">{ms === undefined ? '' : durationText(ms)}</span>
      <i className="share" style={{ width: `${((ms ?? 0) / longest) * 100}%` }} />
    </span>
  );
}

function changeText({ beforeMs, afterMs }: Pair): string {
  if (beforeMs === undefined || afterMs === undefined || beforeMs === afterMs) return '';
  return `${afterMs > beforeMs ? '+' : '−'}${durationText(Math.abs(afterMs - beforeMs))}`;
}
