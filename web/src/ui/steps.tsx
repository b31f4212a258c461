import { Link } from '@tanstack/react-router';
import { Glyph } from './badge.tsx';
import { placeTasks } from './graph.ts';
import { useNarrow } from './page.ts';
import { type Look, pendingLook } from './state.ts';

export type Step = { key: string; name: string; needs: string[]; look: Look; word: string; note: React.ReactNode };

/** Of a box whose second line is `Waiting for worker · 30 min 20 s`. */
const NODE_W_MIN = 252;
const NODE_W_MAX = 268;
/** Room for the glyph and the edges of a box, and for a letter of its name. */
const NODE_PAD = 54;
const LETTER_W = 8.8;
const NODE_H = 46;
const GAP_X = 26;
const GAP_Y = 10;
const NARROW_GAP_Y = 14;
/** More than so many boxes are no picture any more: they are counted by state, and the list below has each. */
const BOXES_MAX = 300;

/** Tasks as boxes with the edges between them, each in the column of the longest way to it; with `run` each box is a link. */
export function Steps({
  label,
  steps,
  run,
  selected,
}: {
  /** What is drawn, for those who do not see it. */
  label: string;
  steps: Step[];
  run: string | undefined;
  selected: string | undefined;
}) {
  const narrow = useNarrow();
  if (steps.length > BOXES_MAX) return <Counts steps={steps} />;
  const { placed, levels, rows } = placeTasks(steps);
  const longest = Math.max(...steps.map(({ name }) => name.length));
  const nodeW = Math.round(Math.min(NODE_W_MAX, Math.max(NODE_W_MIN, NODE_PAD + longest * LETTER_W)));
  // On a phone the way goes down instead of to the right.
  const at = ({ level, row }: { level: number; row: number }) =>
    narrow
      ? { x: row * (nodeW + GAP_X), y: level * (NODE_H + NARROW_GAP_Y) }
      : { x: level * (nodeW + GAP_X), y: row * (NODE_H + GAP_Y) };
  const width = (narrow ? rows : levels) * (nodeW + GAP_X) - GAP_X;
  const height = narrow ? levels * (NODE_H + NARROW_GAP_Y) - NARROW_GAP_Y : rows * (NODE_H + GAP_Y) - GAP_Y;
  const places = new Map(placed.map((one) => [one.task.key, at(one)]));
  const edges = placed.flatMap(({ task }) =>
    task.needs.flatMap((need) => {
      const from = places.get(need);
      const to = places.get(task.key);
      return from && to
        ? [
            {
              key: `${need} ${task.key}`,
              path: edgePath(from, to, { down: narrow, nodeW }),
              ahead: task.look === pendingLook,
            },
          ]
        : [];
    }),
  );
  return (
    <section className="steps-box" tabIndex={width > 300 ? 0 : undefined} aria-label={label}>
      <div className="graph" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {edges.map((edge) => (
            <path key={edge.key} d={edge.path} className={edge.ahead ? 'edge ahead' : 'edge'} />
          ))}
        </svg>
        {placed.map((one) => {
          const { x, y } = at(one);
          return (
            <StepBox
              key={one.task.key}
              step={one.task}
              x={x}
              y={y}
              width={nodeW}
              run={run}
              selected={one.task.key === selected}
            />
          );
        })}
      </div>
    </section>
  );
}

function StepBox(props: {
  step: Step;
  x: number;
  y: number;
  width: number;
  run: string | undefined;
  selected: boolean;
}) {
  const { step, x, y, width, run, selected } = props;
  const { look, name, word, note } = step;
  const inside = (
    <>
      <Glyph shape={look.shape} />
      <span className="name cut">{name}</span>
      <span className="note cut">
        {word}
        {note === '' ? '' : ' · '}
        {note}
      </span>
    </>
  );
  const className = `step tone-${look.tone}${look === pendingLook || look.word === 'Skipped' ? ' ahead' : ''}`;
  const style = { transform: `translate(${x}px, ${y}px)`, width, height: NODE_H };
  if (run === undefined) {
    return (
      <div className={className} style={style} title={name}>
        {inside}
      </div>
    );
  }
  return (
    <Link
      to="/runs/$run"
      params={{ run }}
      search={{ task: step.key }}
      replace
      resetScroll={false}
      className={className}
      style={style}
      title={name}
      aria-current={selected ? 'true' : undefined}
    >
      {inside}
    </Link>
  );
}

function edgePath(
  from: { x: number; y: number },
  to: { x: number; y: number },
  shape: { down: boolean; nodeW: number },
): string {
  const { down, nodeW } = shape;
  if (down) {
    const [x1, y1, x2, y2] = [from.x + 24, from.y + NODE_H, to.x + 24, to.y];
    return x1 === x2 ? `M${x1} ${y1}V${y2}` : `M${x1} ${y1}C${x1} ${y1 + 12} ${x2} ${y2 - 12} ${x2} ${y2}`;
  }
  const [x1, y1, x2, y2] = [from.x + nodeW, from.y + NODE_H / 2, to.x, to.y + NODE_H / 2];
  return y1 === y2
    ? `M${x1} ${y1}H${x2}`
    : `M${x1} ${y1}C${x1 + GAP_X * 0.7} ${y1} ${x2 - GAP_X * 0.7} ${y2} ${x2} ${y2}`;
}

function Counts({ steps }: { steps: Step[] }) {
  const counts = new Map<string, { look: Look; count: number }>();
  for (const { look } of steps) {
    const before = counts.get(look.word);
    counts.set(look.word, { look, count: (before?.count ?? 0) + 1 });
  }
  return (
    <ul className="counts">
      {[...counts.values()].map(({ look, count }) => (
        <li key={look.word} className={`badge tone-${look.tone}`}>
          <Glyph shape={look.shape} />
          {count.toLocaleString('en')} {look.word.toLowerCase()}
        </li>
      ))}
    </ul>
  );
}
