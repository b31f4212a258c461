import type { RunSummary } from '@slipway/contract';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { Badge } from '../../ui/badge.tsx';
import { Foreign, visible } from '../../ui/foreign.tsx';
import { runLook } from '../../ui/state.ts';
import { Time, Took } from '../../ui/time.tsx';

const LABELS_MAX = 4;

type RowProps = { run: RunSummary; chosen: boolean; onChoose: (run: RunSummary, wanted: boolean) => void };

export const RunRow = memo(function RunRow({ run, chosen, onChoose }: RowProps) {
  return (
    <div className="run-line">
      <label className="pick">
        <input
          type="checkbox"
          aria-label={`Select ${run.stage}.${run.sequence}, run ${run.id}`}
          checked={chosen}
          onChange={(event) => onChoose(run, event.target.checked)}
          data-pick
        />
      </label>
      <Line run={run} />
    </div>
  );
});

function Line({ run }: { run: RunSummary }) {
  const look = runLook(run);
  const labels = Object.entries(run.labels ?? {});
  return (
    <Link to="/runs/$run" params={{ run: run.id }} className="run-row" data-line data-run={run.id} preload={false}>
      <span className="state">
        <Badge look={look} />
      </span>
      <span className="what cut">
        <span className="stage">{run.stage}</span>
        <strong>{run.sequence}</strong>
        {labels.slice(0, LABELS_MAX).map(([key, value]) => (
          <span key={key} className="tag only-wide">
            <span className="cut">
              <Foreign text={`${key}=${value}`} />
            </span>
          </span>
        ))}
        {labels.length > LABELS_MAX ? <span className="muted only-wide">+{labels.length - LABELS_MAX}</span> : null}
      </span>
      <span className="service cut">{run.service ?? <span className="muted">No service</span>}</span>
      <span className="project cut">{run.project}</span>
      <span className="progress">
        <Steps run={run} tone={look.tone} />
        <span className="cut muted">{visible(nowText(run))}</span>
      </span>
      <span className="took num">
        <Took from={run.acceptedAt} to={run.finishedAt} />
      </span>
      <span className="when num">
        <Time at={run.acceptedAt} />
      </span>
    </Link>
  );
}

/** How far it is, as so many of so many; up to eight single steps, a bar for more. */
function Steps({ run, tone }: { run: RunSummary; tone: string }) {
  const { tasksDone, tasksTotal } = run;
  const label = `${tasksDone} of ${tasksTotal} tasks`;
  if (tasksTotal > 8) {
    return <progress className={`steps-bar tone-${tone}`} value={tasksDone} max={tasksTotal} aria-label={label} />;
  }
  return (
    <span className={`steps tone-${tone}`} role="img" aria-label={label} title={label}>
      {Array.from({ length: tasksTotal }, (_, step) => (
        <i
          // biome-ignore lint/suspicious/noArrayIndexKey: the steps are in order and never move
          key={step}
          className={step < tasksDone ? 'done' : step < tasksDone + run.openTasks.length ? 'open' : ''}
        />
      ))}
    </span>
  );
}

/** What the state is about: the tasks that are open, or the message of the end. */
function nowText(run: RunSummary): string {
  if (run.openTasks.length > 0) return run.openTasks.join(', ');
  return run.state === 'finished' && run.phase !== 'passed' ? (run.message ?? '') : '';
}
