import type { EventView } from '@slipway/contract';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { copyText } from './copy.tsx';
import { visible } from './foreign.tsx';
import { countText, durationText, exactText } from './format.ts';
import { JsonTree } from './json-tree.tsx';
import { useInSight, useNarrow } from './page.ts';
import { Time } from './time.tsx';

const ROW_PX = 34;
const ROW_NARROW_PX = 52;

/** Events as lines; `since` shows their times as so long after it. The list is virtual, so twenty thousand are no problem. */
export function EventList(props: {
  events: readonly EventView[];
  since?: number | undefined;
  selected: string | undefined;
  onSelect: (id: string) => void;
  /** So many newer ones wait above the list, which `onFresh` shows. */
  fresh?: number;
  onFresh?: () => void;
  onEnd?: (() => void) | undefined;
  onScrolled?: ((scrolled: boolean) => void) | undefined;
}) {
  const { events, since, selected, onSelect, fresh = 0, onFresh, onEnd, onScrolled } = props;
  const narrow = useNarrow();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => box.current,
    estimateSize: () => (narrow ? ROW_NARROW_PX : ROW_PX),
    getItemKey: (index) => events[index]?.position ?? index,
    overscan: 14,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows have another height
  useEffect(() => rows.measure(), [narrow]);
  const items = rows.getVirtualItems();
  const nearEnd = (items.at(-1)?.index ?? 0) > events.length - 20;
  useEffect(() => {
    if (nearEnd) onEnd?.();
  }, [nearEnd, onEnd]);
  return (
    <div ref={box} className="event-list" onScroll={(event) => onScrolled?.(event.currentTarget.scrollTop > 8)}>
      {fresh === 0 ? null : (
        <button
          type="button"
          className="button primary small fresh"
          onClick={() => {
            onFresh?.();
            box.current?.scrollTo({ top: 0 });
          }}
        >
          {countText(fresh, 'new event')}
        </button>
      )}
      <div className="all" style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const view = events[item.index];
          if (view === undefined) return null;
          const id = String(view.event.id);
          return (
            <div
              key={item.key}
              className="slot"
              style={{ transform: `translateY(${item.start}px)`, height: item.size }}
            >
              <button
                type="button"
                className={view.ignored === undefined ? 'event-row' : 'event-row ignored'}
                aria-pressed={selected === id}
                onClick={() => onSelect(id)}
                data-line
                data-event={id}
              >
                <span className="at num" title={exactText(view.at)}>
                  {since === undefined ? <Time at={view.at} /> : `+${durationText(view.at - since)}`}
                </span>
                <Direction direction={view.direction} />
                <span className="type cut">{visible(String(view.event.type))}</span>
                <span className="source cut muted">{view.ignored ?? visible(String(view.event.source))}</span>
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Direction({ direction }: { direction: 'in' | 'out' }) {
  return (
    <svg className="glyph" viewBox="0 0 16 16" role="img" fill="none" stroke="currentColor" strokeWidth="1.600">
      <title>{direction === 'in' ? 'received' : 'sent'}</title>
      <path
        d={
          direction === 'in'
            ? 'M14 8H5m3.500-3.500L5 8l3.500 3.500M2 3v10'
            : 'M2 8h9M7.500 4.500 11 8l-3.500 3.500M14 3v10'
        }
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** One event, whole: its attributes and its data. */
export function EventPanel(props: { view: EventView; onClose: () => void; children?: React.ReactNode }) {
  const { view, onClose, children } = props;
  const { data, ...attributes } = view.event;
  const panel = useRef<HTMLElement>(null);
  useInSight(panel, view.position, { first: true });
  return (
    <section ref={panel} className="panel event-panel" aria-label="Event">
      <header>
        <h2 className="cut">{visible(String(view.event.type))}</h2>
        <button type="button" className="button small ghost end" onClick={onClose}>
          Close
        </button>
      </header>
      <div className="body">
        {view.ignored === undefined ? null : (
          <p className="message tone-warning">
            This event changed nothing: <code>{view.ignored}</code>
          </p>
        )}
        <div className="row-of-buttons">
          <button
            type="button"
            className="button small"
            onClick={() => void copyText(JSON.stringify(view.event, undefined, 2))}
          >
            Copy as JSON
          </button>
          {children}
        </div>
        <h3>Attributes</h3>
        <JsonTree value={attributes} />
        <h3>Data</h3>
        <JsonTree value={data} />
      </div>
    </section>
  );
}
