import type { AttemptView, RunView, TaskView } from '@slipway/contract';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Glyph } from '../../ui/badge.tsx';
import { durationText } from '../../ui/format.ts';
import { useSeconds } from '../../ui/now.ts';
import { useNarrow } from '../../ui/page.ts';
import { attemptLook, taskLook } from '../../ui/state.ts';

const ROW_PX = 36;
const LIVE_ROOM = 1.04;

/** Where the time went: for each task its attempts, waiting for a service told apart from work and from the pause before a retry. */
export function Timeline({ run, selected }: { run: RunView; selected: string | undefined }) {
  const now = useSeconds(run.finishedAt === undefined);
  const start = run.acceptedAt;
  const last = Math.max(run.updatedAt, ...run.tasks.map((task) => task.dueAt ?? 0));
  const end = run.finishedAt ?? Math.max(now, last, start + 1) + (Math.max(now, last) - start) * (LIVE_ROOM - 1);
  const scale: Scale = { start, span: Math.max(1, end - start), now: Math.max(now, run.updatedAt) };
  const narrow = useNarrow();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: run.tasks.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 16,
  });
  const queued = (run.startedAt ?? (run.state === 'waiting' ? scale.now : run.acceptedAt)) - run.acceptedAt;
  return (
    <section className="panel timeline" aria-label="Timeline">
      <header>
        <h2>Timeline</h2>
        <ul className="legend end">
          <li>
            <i className="bar wait" /> waiting for a worker
          </li>
          <li>
            <i className="bar run tone-running" /> working
          </li>
          <li>
            <i className="bar pause" /> sleeping before a retry
          </li>
        </ul>
      </header>
      <div className="axis" aria-hidden="true">
        {ticksOf(scale.span, narrow ? 2 : 5).map((ms) => (
          <span key={ms} style={{ left: `${(ms / scale.span) * 100}%` }}>
            {tickText(ms)}
          </span>
        ))}
      </div>
      {queued > 0 ? (
        <div className="time-row queue">
          <span className="task-name muted">In the queue</span>
          <span className="track">
            <Bar
              kind="wait"
              from={run.acceptedAt}
              to={run.acceptedAt + queued}
              scale={scale}
              title="Waiting for turn"
            />
          </span>
          <span className="num">{durationText(queued)}</span>
        </div>
      ) : null}
      <div ref={box} className="time-rows" tabIndex={run.tasks.length > 14 ? 0 : undefined}>
        <div className="all" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const task = run.tasks[item.index];
            return task === undefined ? null : (
              <div
                key={task.key}
                className="slot"
                style={{ transform: `translateY(${item.start}px)`, height: item.size }}
              >
                <TimeRow task={task} run={run.id} scale={scale} selected={task.key === selected} />
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

const STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((hours) => hours * 3_600_000),
];

/** Round numbers, at most `max` after the zero. */
function ticksOf(span: number, max: number): number[] {
  const step = STEPS_MS.find((ms) => span / ms <= max) ?? span / max;
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, tick) => tick * step);
}

function tickText(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${ms / 1_000} s`;
  return ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}

type Scale = { start: number; span: number; now: number };

function TimeRow(props: { task: TaskView; run: string; scale: Scale; selected: boolean }) {
  const { task, run, scale, selected } = props;
  const look = taskLook(task);
  const first = task.attempts[0];
  // While a retry is due the task goes on, though its last attempt has ended.
  const isOpen = task.state === 'open' || task.state === 'delayed';
  const end = isOpen ? scale.now : task.attempts.at(-1)?.endedAt;
  return (
    <Link
      to="/runs/$run"
      params={{ run }}
      search={{ task: task.key }}
      replace
      resetScroll={false}
      className={`time-row${first === undefined ? ' ahead' : ''}`}
      aria-current={selected ? 'true' : undefined}
      data-line
    >
      <span className={`task-name tone-${look.tone}`}>
        <Glyph shape={look.shape} />
        <span className="cut">{task.key}</span>
        <span className="sr">{look.word}</span>
      </span>
      <span className="track">
        {task.attempts.map((attempt, index) => (
          <AttemptBars key={attempt.id} attempt={attempt} before={task.attempts[index - 1]} scale={scale} />
        ))}
        {task.state === 'delayed' && task.dueAt !== undefined ? (
          <Bar
            kind="pause"
            from={task.attempts.at(-1)?.endedAt ?? scale.now}
            to={task.dueAt}
            scale={scale}
            title="Sleeping before the next attempt"
          />
        ) : null}
      </span>
      <span className="num">
        {first === undefined || end === undefined ? '' : durationText(end - first.triggeredAt)}
      </span>
    </Link>
  );
}

function AttemptBars(props: { attempt: AttemptView; before: AttemptView | undefined; scale: Scale }) {
  const { attempt, before, scale } = props;
  const { number, triggeredAt, startedAt } = attempt;
  const end = attempt.endedAt ?? scale.now;
  const look = attemptLook(attempt);
  return (
    <>
      {before?.endedAt === undefined ? null : (
        <Bar kind="pause" from={before.endedAt} to={triggeredAt} scale={scale} title={`Before attempt ${number}`} />
      )}
      <Bar
        kind="wait"
        from={triggeredAt}
        to={startedAt ?? end}
        scale={scale}
        title={`Attempt ${number}: waiting for a worker`}
      />
      {startedAt === undefined ? null : (
        <Bar
          kind={`run tone-${look.tone}`}
          from={startedAt}
          to={end}
          scale={scale}
          title={`Attempt ${number}: ${look.word}`}
        />
      )}
    </>
  );
}

function Bar(props: { kind: string; from: number; to: number; scale: Scale; title: string }) {
  const { kind, from, to, scale, title } = props;
  if (to <= from && !kind.startsWith('run')) return null;
  const left = Math.min(99.5, ((from - scale.start) / scale.span) * 100);
  const width = Math.min(100 - left, ((to - from) / scale.span) * 100);
  return (
    <i
      className={`bar ${kind}`}
      style={{ left: `${left}%`, width: `${width}%` }}
      title={`${title}, ${durationText(to - from)}`}
    />
  );
}
