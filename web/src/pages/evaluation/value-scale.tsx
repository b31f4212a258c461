import { numberText } from '../evaluations/heat.ts';
import type { Criterion } from './decision.ts';

/** Coordinates, not pixels: the drawing is as wide as its column. */
const WIDTH = 300;
const HEIGHT = 44;
const MIDDLE = 20;
const PAD = 10;

/**
 * A value on a line with the targets it was held against: where it stands, what it was compared with, and on which side of each
 * target it should be. All of it is also there in words beside it.
 */
export function ValueScale(props: {
  value: number;
  baseline: number | null;
  criteria: readonly Criterion[];
  tone: string;
}) {
  const { value, baseline, criteria, tone } = props;
  const targets = criteria.map(({ target }) => target);
  const numbers = [value, ...targets, ...(baseline === null ? [] : [baseline])];
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  const x = (number: number) => PAD + ((number - low + room) / (high - low + 2 * room)) * (WIDTH - 2 * PAD);
  const named = spacedOut(targets, x);
  return (
    <svg className={`value-scale tone-${tone}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path className="rule" d={`M${PAD} ${MIDDLE}H${WIDTH - PAD}`} />
      {criteria.map((criterion) => (
        <Target
          key={`${criterion.role} ${criterion.group} ${criterion.text}`}
          criterion={criterion}
          x={x(criterion.target)}
          named={named.has(criterion.target)}
        />
      ))}
      {baseline === null ? null : <circle className="baseline" cx={x(baseline)} cy={MIDDLE} r="4" />}
      <path className="value" d={`M${x(value)} ${MIDDLE - 7}l6 7-6 7-6-7z`} />
    </svg>
  );
}

function Target({ criterion, x, named }: { criterion: Criterion; x: number; named: boolean }) {
  const { role, text, target } = criterion;
  // To which side of the target it may go; an equality goes to neither.
  const side = text.trimStart().startsWith('<') ? -1 : text.trimStart().startsWith('>') ? 1 : 0;
  const end = Math.max(PAD, Math.min(WIDTH - PAD, side < 0 ? PAD : WIDTH - PAD));
  const anchor = x < 40 ? 'start' : x > WIDTH - 40 ? 'end' : 'middle';
  return (
    <g className={`target tone-${role === 'pass' ? 'pass' : 'warning'}`}>
      {side === 0 ? null : <path className="allowed" d={`M${x} ${MIDDLE}H${end}`} />}
      <path className="mark" d={`M${x} ${MIDDLE - 9}V${MIDDLE + 9}`} />
      {named ? (
        <text x={x} y={HEIGHT - 3} textAnchor={anchor}>
          {numberText(target)}
        </text>
      ) : null}
    </g>
  );
}

const LABEL_WIDTH = 40;

/** Targets whose numbers have room beside each other; the others are in the table below. */
function spacedOut(targets: readonly number[], x: (number: number) => number): ReadonlySet<number> {
  const named: number[] = [];
  for (const target of targets.toSorted((a, b) => a - b)) {
    const last = named.at(-1);
    if (last === undefined || x(target) - x(last) >= LABEL_WIDTH) named.push(target);
  }
  return new Set(named);
}
