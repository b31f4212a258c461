import type { RunSummary, RunView, SequencePlan, TaskView } from '@slipway/contract';
import { needsByTask } from '@slipway/contract/plan';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { contextQuery, shipyardVersionQuery } from '../../api/queries.ts';
import { Badge } from '../../ui/badge.tsx';
import { durationText } from '../../ui/format.ts';
import { followingOf } from '../../ui/graph.ts';
import { pendingLook, runLook, taskLook } from '../../ui/state.ts';
import { type Step, Steps } from '../../ui/steps.tsx';
import { Took } from '../../ui/time.tsx';
import { drawnRuns, laneQuery } from './use-top-read.ts';

/** Every stage that this trigger reached or may still reach, from the first run of the context to what would follow the last. */
export function Lanes({ run, selected }: { run: RunView; selected: string | undefined }) {
  const { data: context } = useQuery(contextQuery(run.correlationid));
  const { data: shipyard } = useQuery(shipyardVersionQuery(run.project, run.shipyardVersion));
  const relatives: RunSummary[] = context?.runs ?? [];
  const otherRuns = useQueries({ queries: drawnRuns(run, relatives).map(({ id }) => laneQuery(id)) });
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
            <LaneHead run={lane} here={run.id} />
            {view === undefined ? null : <LaneSteps run={view} selected={lane.id === run.id ? selected : undefined} />}
          </div>
        );
      })}
      {following.map(({ sequence, after, condition }) => (
        <div key={`${sequence.stage}.${sequence.name}`} className="lane ahead">
          <div className="lane-head">
            <span className="stage">{sequence.stage}</span>
            <strong>{sequence.name}</strong>
            <span className="muted">
              {run.state === 'finished' ? 'Not triggered' : 'Not yet'}: {condition} of {after}
            </span>
          </div>
          <Steps
            label={`Tasks of ${sequence.stage}.${sequence.name}`}
            run={undefined}
            selected={undefined}
            steps={stepsAhead(run, sequence)}
          />
        </div>
      ))}
    </section>
  );
}

function stepsAhead(run: RunSummary, sequence: SequencePlan): Step[] {
  const needs = needsByTask(sequence);
  return sequence.tasks.map((task) => ({
    key: task.key,
    name: task.key,
    needs: [...(needs.get(task.key) ?? [])],
    look: pendingLook,
    word: run.state === 'finished' ? 'Not triggered' : pendingLook.word,
    note: task.uses === task.key ? '' : task.uses,
  }));
}

/** For itself, so that news of another lane do not draw this one again. */
const LaneSteps = memo(function LaneSteps({ run, selected }: { run: RunView; selected: string | undefined }) {
  const label = `Tasks of ${run.stage}.${run.sequence}, run ${run.id}`;
  return <Steps label={label} steps={stepsOf(run)} run={run.id} selected={selected} />;
});

function LaneHead({ run, here }: { run: RunSummary; here: string }) {
  return (
    <div className="lane-head">
      <span className="stage">{run.stage}</span>
      <strong>{run.sequence}</strong>
      <Badge look={runLook(run)} />
      {run.id === here ? null : (
        <>
          <Link to="/runs/$run" params={{ run: run.id }} className="open-lane">
            Open this run
          </Link>
          <Link to="/runs/compare" search={{ a: here, b: run.id }} className="open-lane">
            Compare
          </Link>
        </>
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
    word: taskLook(task).word,
    note: noteOf(task),
  }));
}

function noteOf(task: TaskView): React.ReactNode {
  const first = task.attempts[0];
  const last = task.attempts.at(-1);
  if (first === undefined || last === undefined) return task.uses === task.key ? '' : task.uses;
  const tries = task.attempts.length > 1 ? ` · ${task.attempts.length}×` : '';
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
