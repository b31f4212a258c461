import { useEffect, useRef, useState } from 'react';
import { type Look, verdictLook } from '../../ui/state.ts';
import { numberText } from './heat.ts';

export type TrendPoint = {
  id: string;
  label: string;
  value: number | null;
  baseline: number | null;
  status: Parameters<typeof verdictLook>[0];
  invalid: boolean;
};
export type Limit = { value: number; word: string; tone: 'pass' | 'warning' };

const HEIGHT = 180;
const LEFT = 56;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 24;
const NARROW_PX = 320;

/** One number over the evaluations, with what it was compared with and the limits that hold now. */
export function Trend(props: {
  title: string;
  points: readonly TrendPoint[];
  limits: readonly Limit[];
  at: string | undefined;
  onAt: (id: string) => void;
  fromZero?: boolean;
}) {
  const { title, points, limits, at, onAt, fromZero = false } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = Math.max(NARROW_PX, useWidth(box));
  const numbers = [
    ...points.flatMap(({ value, baseline }) => [value, baseline].filter((number) => number !== null)),
    ...limits.map(({ value }) => value),
  ];
  const ticks = ticksOf(fromZero ? [0, 100, ...numbers] : numbers);
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const x = (place: number) => LEFT + (points.length < 2 ? 0.5 : place / (points.length - 1)) * (width - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - (value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const line = (read: (point: TrendPoint) => number | null) => pathOf(points.map(read), x, y);
  const labelled = labelsOf(points.length, width - LEFT - RIGHT);
  return (
    <div ref={box} className="trend">
      <svg width={width} height={HEIGHT} role="img" aria-label={`${title}: ${summaryOf(points)}`}>
        {ticks.map((tick) => (
          <g key={tick}>
            <path className="rule" d={`M${LEFT} ${y(tick)}H${width - RIGHT}`} />
            <text x={LEFT - 8} y={y(tick) + 4} className="tick end">
              {numberText(tick)}
            </text>
          </g>
        ))}
        {limits.map(({ value, word, tone }) => (
          <g key={`${word} ${value}`} className={`tone-${tone}`}>
            <path className="limit" d={`M${LEFT} ${y(value)}H${width - RIGHT}`} />
            <text x={LEFT + 6} y={y(value) + 4} className="tick limit-word">
              {word} {numberText(value)}
            </text>
          </g>
        ))}
        <path className="baseline" d={line(({ baseline }) => baseline)} />
        <path className="line" d={line(({ value }) => value)} />
        {points.map((point, place) => {
          const look = verdictLook(point.status);
          return point.value === null ? null : (
            <g
              key={point.id}
              className={`point tone-${look.tone}${point.invalid ? ' invalid' : ''}`}
              transform={`translate(${x(place)} ${y(point.value)})`}
              onPointerEnter={() => onAt(point.id)}
            >
              <title>{`${point.label}: ${numberText(point.value)}, ${look.word.toLowerCase()}`}</title>
              <circle r="12" fill="transparent" />
              {point.id === at ? <circle className="ring" r="9" /> : null}
              <path d={marks[look.tone]} />
            </g>
          );
        })}
        {labelled.map((place) => (
          <text key={points[place]?.id} x={x(place)} y={HEIGHT - 6} className="tick middle">
            {points[place]?.label.slice(0, 12)}
          </text>
        ))}
      </svg>
    </div>
  );
}

/** A shape for each state, so that colour is not all that tells them apart. */
const marks: Record<Look['tone'], string> = {
  pass: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z',
  warning: 'M0-5.500 5.500 4.500h-11z',
  fail: 'M-4.500-4.500h9v9h-9z',
  waiting: 'M0-6 6 0 0 6-6 0z',
  idle: 'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z',
  running: 'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z',
};

/** A gap where a number is missing: nothing is made up between two that are known. */
function pathOf(
  values: readonly (number | null)[],
  x: (place: number) => number,
  y: (value: number) => number,
): string {
  let down = false;
  return values
    .map((value, place) => {
      const command = value === null ? '' : `${down ? 'L' : 'M'}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
      down = value !== null;
      return command;
    })
    .join('');
}

function ticksOf(numbers: readonly number[]): number[] {
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  if (!Number.isFinite(low)) return [0, 1];
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, tick) => (first + tick) * step);
}

function labelsOf(count: number, room: number): number[] {
  const each = Math.max(1, Math.ceil((count * 88) / Math.max(1, room)));
  return Array.from({ length: count }, (_, place) => place).filter((place) => (count - 1 - place) % each === 0);
}

function summaryOf(points: readonly TrendPoint[]): string {
  const known = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return 'no values';
  return `${known.length} values, from ${numberText(first)} to ${numberText(last)}`;
}

function useWidth(box: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(720);
  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
