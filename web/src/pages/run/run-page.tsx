import './run.css';
import type { RunView, TaskView } from '@slipway/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../../api/client.ts';
import { contextQuery, readOnRunEvents, runQuery, whyQuery } from '../../api/queries.ts';
import { useStream } from '../../api/stream.ts';
import { Badge } from '../../ui/badge.tsx';
import { CliButton, cliLine, copyText } from '../../ui/copy.tsx';
import { Foreign, visible } from '../../ui/foreign.tsx';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { runLook } from '../../ui/state.ts';
import { Time, Took } from '../../ui/time.tsx';
import { Actions } from './actions.tsx';
import { Answer } from './answer.tsx';
import { Lanes } from './lanes.tsx';
import { RunData } from './run-data.tsx';
import { RunEvents } from './run-events.tsx';
import { RunHistory } from './run-history.tsx';
import { TaskPanel } from './task-panel.tsx';
import { Timeline } from './timeline.tsx';
import { useTopRead } from './use-top-read.ts';
import { WhyBand } from './why.tsx';

const route = getRouteApi('/runs/$run');

export function RunPage() {
  const { run: id } = route.useParams();
  const query = useQuery(runQuery(id));
  useTitle(query.data ? `${query.data.stage}.${query.data.sequence}` : 'Run');
  useLiveRun(query.data);
  const gone = query.error instanceof ApiError && query.error.status === 404;
  // Data that was read stays while it cannot be read again: the rail says that the connection is lost.
  if (query.data !== undefined && !gone) {
    return (
      <div className="page run-page">
        <Whole run={query.data} />
      </div>
    );
  }
  return (
    <div className="page run-page">
      <nav className="crumbs" aria-label="Breadcrumbs">
        <Link to="/runs">Runs</Link>
        <span aria-hidden="true">/</span>
        <span className="mono">{id}</span>
      </nav>
      <div className="head">
        <h1>Run</h1>
      </div>
      {gone ? (
        <Empty title="Run not found">
          <p>Retention may have deleted it, or it belongs to another server.</p>
          <Link to="/runs" className="button">
            All runs
          </Link>
        </Empty>
      ) : query.isError ? (
        <Failed error={query.error} what="The run cannot be shown" retry={() => void query.refetch()} />
      ) : (
        <Loading rows={10} height={32} />
      )}
    </div>
  );
}

function Whole({ run }: { run: RunView }) {
  const isTopRead = useTopRead(run);
  const [answering, setAnswering] = useState<string>();
  const answered = run.tasks.find(({ key }) => key === answering);
  const openAttempt = answered?.state === 'open' ? answered.attempts.at(-1) : undefined;
  return (
    <>
      <nav className="crumbs" aria-label="Breadcrumbs">
        <Link to="/runs">Runs</Link>
        <span aria-hidden="true">/</span>
        <Link to="/runs" search={{ project: run.project }}>
          {run.project}
        </Link>
        <span aria-hidden="true">/</span>
        <Link to="/runs" search={{ project: run.project, stage: run.stage, sequence: run.sequence }}>
          {run.stage}.{run.sequence}
        </Link>
      </nav>
      <div className="head">
        <h1 className="cut">
          {run.sequence} <span className="muted">in {run.stage}</span>
          {run.service === undefined ? null : ` · ${run.service}`}
        </h1>
        <Badge look={runLook(run)} filled />
        <div className="end">
          <Actions run={run} />
          <Link to="/runs/compare" search={{ b: run.id }} className="button">
            Compare …
          </Link>
          <span className="only-wide">
            <CliButton line={cliLine('get', 'run', run.id)} />
          </span>
        </div>
      </div>
      {isTopRead ? <Parts run={run} onAnswer={setAnswering} /> : <Loading rows={10} height={32} />}
      {answered === undefined || openAttempt === undefined ? null : (
        <Answer run={run} task={answered} attempt={openAttempt} onClose={() => setAnswering(undefined)} />
      )}
    </>
  );
}

function Parts({ run, onAnswer }: { run: RunView; onAnswer: (task: string) => void }) {
  const { tab, task: wanted, attempt, event } = route.useSearch();
  const task = run.tasks.find(({ key }) => key === wanted) ?? tellingTask(run);
  return (
    <>
      <WhyBand run={run} onAnswer={onAnswer} />
      <Facts run={run} />
      <Lanes run={run} selected={task?.key} />
      <Tabs run={run} tab={tab} />
      {tab === 'events' ? (
        <RunEvents run={run} selected={event} />
      ) : tab === 'data' ? (
        <RunData run={run} />
      ) : tab === 'history' ? (
        <RunHistory run={run} />
      ) : (
        <div className="split">
          <Timeline run={run} selected={task?.key} />
          {task === undefined ? null : (
            <TaskPanel run={run} task={task} attempt={attempt} onAnswer={() => onAnswer(task.key)} />
          )}
        </div>
      )}
    </>
  );
}

function Facts({ run }: { run: RunView }) {
  const labels = Object.entries(run.labels ?? {});
  return (
    <dl className="run-facts">
      <div>
        <dt>Accepted</dt>
        <dd className="span">
          <Time at={run.acceptedAt} />
        </dd>
      </div>
      <div>
        <dt>Duration</dt>
        <dd className="span">
          <Took from={run.acceptedAt} to={run.finishedAt} />
        </dd>
      </div>
      <div>
        <dt>Tasks</dt>
        <dd>
          {run.tasksDone} of {run.tasksTotal}
        </dd>
      </div>
      <div className="only-wide">
        <dt>Run</dt>
        <dd>
          <ShortId id={run.id} what="run id" />
        </dd>
      </div>
      <div>
        <dt>Context</dt>
        <dd>
          <Link to="/runs" search={{ correlationid: run.correlationid }} className="mono" title={run.correlationid}>
            {shortId(run.correlationid)}
          </Link>
        </dd>
      </div>
      <div className="only-wide">
        <dt>Shipyard</dt>
        <dd className="mono">{run.shipyardVersion}</dd>
      </div>
      {run.triggeredBy === undefined ? null : (
        <div>
          <dt>Triggered by</dt>
          <dd>
            <Link to="/runs/$run" params={{ run: run.triggeredBy }} className="mono" title={run.triggeredBy}>
              {shortId(run.triggeredBy)}
            </Link>
          </dd>
        </div>
      )}
      {labels.length === 0 ? null : (
        <div>
          <dt>Labels</dt>
          <dd className="labels">
            {labels.map(([key, value]) => (
              <Link key={key} to="/runs" search={{ label: `${key}=${value}` }} className="tag">
                <span className="cut">
                  <Foreign text={`${key}=${value}`} />
                </span>
              </Link>
            ))}
          </dd>
        </div>
      )}
    </dl>
  );
}

const ID_SHOWN = 8;

/** Two whole ids are half of a line, and as long as they are everything behind them moves. */
function shortId(id: string): string {
  return visible(id.length > ID_SHOWN + 4 ? id.slice(0, ID_SHOWN) : id);
}

function ShortId({ id, what }: { id: string; what: string }) {
  return (
    <button
      type="button"
      className="as-link mono"
      title={id}
      aria-label={`${shortId(id)}, copy the ${what}`}
      onClick={() => void copyText(id)}
    >
      {shortId(id)}
    </button>
  );
}

const tabs = [
  { key: undefined, word: 'Timeline' },
  { key: 'events', word: 'Events' },
  { key: 'data', word: 'Input and output' },
  { key: 'history', word: 'History' },
] as const;

function Tabs({ run, tab }: { run: RunView; tab: string | undefined }) {
  return (
    <nav className="tabs" aria-label="Parts of the run">
      {tabs.map(({ key, word }) => (
        <Link
          key={word}
          className="tab"
          to="/runs/$run"
          params={{ run: run.id }}
          search={key === undefined ? {} : { tab: key }}
          replace
          resetScroll={false}
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={tab === key ? 'page' : undefined}
        >
          {word}
          {key === 'history' && run.history.length > 0 ? ` (${run.history.length})` : ''}
        </Link>
      ))}
    </nav>
  );
}

/** The task to show first: one that failed, else one that is open, else the last that ended. */
function tellingTask(run: RunView): TaskView | undefined {
  return (
    run.tasks.find(({ state, result }) => state === 'finished' && result === 'fail') ??
    run.tasks.find(({ state }) => state === 'open' || state === 'delayed') ??
    run.tasks.findLast(({ state }) => state === 'finished') ??
    run.tasks[0]
  );
}

const PAUSE_MIN_MS = 120;
const PAUSE_MAX_MS = 5_000;
/** Of the time that a page follows a run, this part at most is spent on reading it. */
const READING_SHARE = 1 / 4;

/** Reads the run again when the stream tells of its context: at once, and then with pauses as long as the run is large. */
function useLiveRun(run: RunView | undefined): void {
  const queries = useQueryClient();
  const reading = useRef(false);
  const told = useRef(false);
  const shown = useRef(run);
  useEffect(() => {
    shown.current = run;
  }, [run]);
  const read = async (): Promise<void> => {
    if (shown.current === undefined) return;
    const { id, correlationid } = shown.current;
    if (reading.current) {
      told.current = true;
      return;
    }
    reading.current = true;
    told.current = false;
    const start = performance.now();
    await Promise.allSettled([
      queries.invalidateQueries({ queryKey: ['run'] }),
      queries.invalidateQueries({ queryKey: whyQuery(id).queryKey }),
      queries.invalidateQueries({ queryKey: contextQuery(correlationid).queryKey }),
      readOnRunEvents(queries, id),
    ]);
    const took = performance.now() - start;
    const pause = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, took / READING_SHARE - took));
    setTimeout(() => {
      reading.current = false;
      if (told.current) void read();
    }, pause);
  };
  useStream({
    filter: { correlationid: run?.correlationid },
    // It has a pace of its own.
    paced: false,
    enabled: run !== undefined,
    onResync: () => void read(),
    onItems: () => void read(),
  });
}
