import type { RunSummary, RunView, TaskView } from '@slipway/contract';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { contextQuery, runQuery, shipyardVersionQuery } from '../../api/queries.ts';
import { Badge, Glyph } from '../../ui/badge.tsx';
import { countText, durationText } from '../../ui/format.ts';
import { useNarrow } from '../../ui/page.ts';
import { type Look, pendingLook, runLook, taskLook } from '../../ui/state.ts';
import { Took } from '../../ui/time.tsx';
import { followingOf, placeTasks } from './graph.ts';

/** Lanes of other runs of the context that are drawn with their tasks; more are one line each. */
const DRAWN_MAX = 6;

type Step = {
  key: string;
  name: string;
  needs: string[];
  look: Look;
  note: React.ReactNode;
  task: TaskView | undefined;
};

/** Every stage that this trigger reached or may still reach, from the first run of the context to what would follow the last. */
export function Lanes({ run, selected }: { run: RunView; selected: string | undefined }) {
  const { data: context } = useQuery(contextQuery(run.correlationid));
  const { data: shipyard } = useQuery(shipyardVersionQuery(run.project, run.shipyardVersion));
  const relatives: RunSummary[] = context?.runs ?? [];
  const others = relatives.filter(({ id }) => id !== run.id).slice(0, DRAWN_MAX);
  const otherRuns = useQueries({ queries: others.map(({ id }) => ({ ...runQuery(id), staleTime: 5_000 })) });
  const drawn = new Map(otherRuns.flatMap(({ data }) => (data === undefined ? [] : [[data.id, data] as const])));
  const lanes = relatives.length === 0 ? [run] : relatives;

  const ran = new Set(lanes.map(({ stage, sequence }) => `${stage}.${sequence}`));
  const following =
    shipyard === undefined
      ? []
      : followingOf(shipyard.plan, run.stage, run.sequence).filter(
          ({ sequence }) => !ran.has(`${sequence.stage}.${sequence.name}`),
        );
  return (
    <section className="panel lanes" aria-label="Stages and tasks">
      {lanes.map((lane) => {
        const view = lane.id === run.id ? run : drawn.get(lane.id);
        return (
          <div key={lane.id} className={lane.id === run.id ? 'lane this' : 'lane'}>
            <LaneHead run={lane} isThis={lane.id === run.id} />
            {view === undefined ? null : (
              <Steps steps={stepsOf(view)} run={view.id} selected={lane.id === run.id ? selected : undefined} />
            )}
          </div>
        );
      })}
      {following.map(({ sequence, after, condition }) => (
        <div key={`${sequence.stage}.${sequence.name}`} className="lane ahead">
          <div className="lane-head">
            <span className="stage">{sequence.stage}</span>
            <strong>{sequence.name}</strong>
            <span className="muted">
              {run.state === 'finished' ? 'was not triggered' : 'not yet'}: {condition} of {after}
            </span>
          </div>
          <Steps
            run={undefined}
            selected={undefined}
            steps={sequence.tasks.map((task) => ({
              key: task.key,
              name: task.key,
              needs: task.needs.map((need) => need.task),
              look: pendingLook,
              note: task.uses === task.key ? '' : task.uses,
              task: undefined,
            }))}
          />
        </div>
      ))}
    </section>
  );
}

function LaneHead({ run, isThis }: { run: RunSummary; isThis: boolean }) {
  return (
    <div className="lane-head">
      <span className="stage">{run.stage}</span>
      <strong>{run.sequence}</strong>
      <Badge look={runLook(run)} />
      {isThis ? null : (
        <Link to="/runs/$run" params={{ run: run.id }} className="open-lane">
          Open this run
        </Link>
      )}
    </div>
  );
}

function stepsOf(run: RunView): Step[] {
  return run.tasks.map((task) => ({
    key: task.key,
    name: task.key,
    needs: task.needs,
    look: taskLook(task),
    note: noteOf(task),
    task,
  }));
}

function noteOf(task: TaskView): React.ReactNode {
  const first = task.attempts[0];
  const last = task.attempts.at(-1);
  if (first === undefined || last === undefined) return task.uses === task.key ? '' : task.uses;
  const tries = task.attempts.length > 1 ? ` · ${countText(task.attempts.length, 'attempt')}` : '';
  if (task.state === 'open' || task.state === 'delayed') {
    return (
      <>
        <Took from={first.triggeredAt} to={undefined} />
        {tries}
      </>
    );
  }
  return `${durationText((last.endedAt ?? last.triggeredAt) - first.triggeredAt)}${tries}`;
}

const NODE_W = 188;
const NODE_H = 46;
const GAP_X = 30;
const GAP_Y = 10;
const NARROW_GAP_Y = 14;
/** More than so many boxes are no picture any more: they are counted by state, and the list below has each. */
const BOXES_MAX = 300;

function Steps({ steps, run, selected }: { steps: Step[]; run: string | undefined; selected: string | undefined }) {
  const narrow = useNarrow();
  if (steps.length > BOXES_MAX) return <Counts steps={steps} />;
  const { placed, levels, rows } = placeTasks(steps);
  // On a phone the way goes down instead of to the right.
  const at = ({ level, row }: { level: number; row: number }) =>
    narrow
      ? { x: row * (NODE_W + GAP_X), y: level * (NODE_H + NARROW_GAP_Y) }
      : { x: level * (NODE_W + GAP_X), y: row * (NODE_H + GAP_Y) };
  const width = (narrow ? rows : levels) * (NODE_W + GAP_X) - GAP_X;
  const height = narrow ? levels * (NODE_H + NARROW_GAP_Y) - NARROW_GAP_Y : rows * (NODE_H + GAP_Y) - GAP_Y;
  const places = new Map(placed.map((one) => [one.task.key, at(one)]));
  const edges = placed.flatMap(({ task }) =>
    task.needs.flatMap((need) => {
      const from = places.get(need);
      const to = places.get(task.key);
      return from && to
        ? [{ key: `${need} ${task.key}`, path: edgePath(from, to, narrow), ahead: task.look === pendingLook }]
        : [];
    }),
  );
  return (
    <section className="steps-box" tabIndex={width > 300 ? 0 : undefined} aria-label="Tasks in order">
      <div className="graph" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {edges.map((edge) => (
            <path key={edge.key} d={edge.path} className={edge.ahead ? 'edge ahead' : 'edge'} />
          ))}
        </svg>
        {placed.map((one) => {
          const { x, y } = at(one);
          return (
            <StepBox key={one.task.key} step={one.task} x={x} y={y} run={run} selected={one.task.key === selected} />
          );
        })}
      </div>
    </section>
  );
}

function StepBox(props: { step: Step; x: number; y: number; run: string | undefined; selected: boolean }) {
  const { step, x, y, run, selected } = props;
  const { look, name, note } = step;
  const inside = (
    <>
      <Glyph shape={look.shape} />
      <span className="name cut">{name}</span>
      <span className="note cut">
        {look.word}
        {note === '' ? '' : ' · '}
        {note}
      </span>
    </>
  );
  const className = `step tone-${look.tone}${look === pendingLook || look.word === 'Skipped' ? ' ahead' : ''}`;
  const style = { transform: `translate(${x}px, ${y}px)`, width: NODE_W, height: NODE_H };
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

function edgePath(from: { x: number; y: number }, to: { x: number; y: number }, down: boolean): string {
  if (down) {
    const [x1, y1, x2, y2] = [from.x + 24, from.y + NODE_H, to.x + 24, to.y];
    return x1 === x2 ? `M${x1} ${y1}V${y2}` : `M${x1} ${y1}C${x1} ${y1 + 12} ${x2} ${y2 - 12} ${x2} ${y2}`;
  }
  const [x1, y1, x2, y2] = [from.x + NODE_W, from.y + NODE_H / 2, to.x, to.y + NODE_H / 2];
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
