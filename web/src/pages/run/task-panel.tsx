import type { AttemptView, RunView, TaskView } from '@slipway/contract';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { Badge } from '../../ui/badge.tsx';
import { DiffView } from '../../ui/diff.tsx';
import { Foreign, Message } from '../../ui/foreign.tsx';
import { exactText } from '../../ui/format.ts';
import { JsonTree } from '../../ui/json-tree.tsx';
import { useInSight } from '../../ui/page.ts';
import { attemptLook, taskLook } from '../../ui/state.ts';
import { Time, Took } from '../../ui/time.tsx';
import { isEvaluation } from './run-evaluation.ts';

/** One task: what it was given, who worked on it, what came back; each attempt for itself. */
export function TaskPanel(props: { run: RunView; task: TaskView; attempt: string | undefined; onAnswer: () => void }) {
  const { run, task, attempt, onAnswer } = props;
  const panel = useRef<HTMLElement>(null);
  useInSight(panel, task.key, { first: false });
  const shown = task.attempts.find(({ number }) => String(number) === attempt) ?? task.attempts.at(-1);
  return (
    <section ref={panel} className="panel task-panel" aria-label={`Task ${task.key}`}>
      <header>
        <h2 className="cut">{task.key}</h2>
        <Badge look={taskLook(task)} />
        {task.state === 'open' ? (
          <button type="button" className="button small end" onClick={onAnswer}>
            Answer by hand …
          </button>
        ) : null}
      </header>
      <div className="body">
        {task.uses === task.key ? null : (
          <p className="muted">
            triggers <code>{task.uses}</code>
          </p>
        )}
        {task.attempts.length > 1 ? (
          <nav className="segments" aria-label="Attempts">
            {task.attempts.map((one) => (
              <Link
                key={one.id}
                to="/runs/$run"
                params={{ run: run.id }}
                search={{ task: task.key, attempt: String(one.number) }}
                replace
                resetScroll={false}
                className="attempt"
                aria-current={one === shown ? 'true' : undefined}
              >
                {one.number} <Badge look={attemptLook(one)} />
              </Link>
            ))}
          </nav>
        ) : null}
        {shown === undefined ? (
          <NoAttempt task={task} />
        ) : (
          <Attempt
            task={task}
            attempt={shown}
            before={task.attempts.find(({ number }) => number === shown.number - 1)}
          />
        )}
      </div>
    </section>
  );
}

function Attempt({ task, attempt, before }: { task: TaskView; attempt: AttemptView; before: AttemptView | undefined }) {
  const [comparing, setComparing] = useState(false);
  const { startedAt, endedAt, triggeredAt, message, error } = attempt;
  return (
    <>
      <dl className="facts">
        <dt>Triggered</dt>
        <dd title={exactText(triggeredAt)}>
          <Time at={triggeredAt} />
        </dd>
        <dt>Waited</dt>
        <dd>
          <Took from={triggeredAt} to={startedAt ?? endedAt} />
        </dd>
        {startedAt === undefined ? null : (
          <>
            <dt>Worked</dt>
            <dd>
              <Took from={startedAt} to={endedAt} />
            </dd>
          </>
        )}
        <dt>Attempt</dt>
        <dd>
          {attempt.number} of {Math.max(task.attemptsMax, task.attempts.length)}
        </dd>
        {attempt.executors.map((executor) => (
          <Executor key={executor.source} executor={executor} />
        ))}
      </dl>
      {isEvaluation(task) && hasEvaluation(attempt) ? (
        <p>
          <Link to="/evaluations/$evaluation" params={{ evaluation: attempt.id }} className="button small">
            Open the evaluation
          </Link>
        </p>
      ) : null}
      {message === undefined && error === undefined ? null : (
        <div className={`message tone-${attemptLook(attempt).tone}`}>
          {error === undefined ? null : <code>{error.code} </code>}
          <Message text={message ?? error?.message ?? ''} />
        </div>
      )}
      {before === undefined ? null : (
        <label className="check">
          <input type="checkbox" checked={comparing} onChange={(event) => setComparing(event.target.checked)} />
          Only differences from attempt {before.number}
        </label>
      )}
      <h3>Input</h3>
      {comparing && before ? (
        <DiffView before={before.input} after={attempt.input} />
      ) : (
        <JsonTree value={attempt.input} />
      )}
      <h3>Output</h3>
      {comparing && before ? (
        <DiffView before={before.output} after={attempt.output} />
      ) : attempt.state === 'open' ? (
        <p className="muted">No answer yet.</p>
      ) : (
        <JsonTree value={attempt.output} expression={`tasks.${task.key.replaceAll('-', '_')}.output`} />
      )}
    </>
  );
}

function Executor({ executor }: { executor: AttemptView['executors'][number] }) {
  const { source, way, fraction, message, leaseUntil, finishedAt, lastSeenAt } = executor;
  return (
    <>
      <dt>By</dt>
      <dd className="executor">
        <span className="mono">
          <Foreign text={source} />
        </span>{' '}
        <span className="tag">{wayWords[way]}</span>
        {finishedAt === undefined && fraction !== undefined ? (
          <progress value={fraction} max={1} aria-label={`Progress of ${source}`} />
        ) : null}
        {finishedAt === undefined && message !== undefined ? (
          <span>
            {' '}
            <Foreign text={message} />
          </span>
        ) : null}
        {finishedAt === undefined && lastSeenAt !== undefined ? (
          <span className="muted">
            {' '}
            last seen <Time at={lastSeenAt} />
          </span>
        ) : null}
        {finishedAt === undefined && leaseUntil !== undefined ? (
          <span className="muted">
            , its lease ends <Time at={leaseUntil} />
          </span>
        ) : null}
      </dd>
    </>
  );
}

const wayWords = { nats: 'NATS', claim: 'HTTP claim', push: 'push', http: 'HTTP' } as const;

/** Without an attempt: not triggered yet, or over before it could be, such as by an expression that could not be computed. */
function NoAttempt({ task }: { task: TaskView }) {
  return (
    <>
      <p className="muted">{noAttemptText(task)}</p>
      {task.message === undefined || task.message === '' ? null : (
        <div className={`message tone-${taskLook(task).tone}`}>
          <Message text={task.message} />
        </div>
      )}
    </>
  );
}

function noAttemptText({ state, status, needs }: TaskView): string {
  if (state === 'skipped') return 'Skipped: a task that it needs did not end as required.';
  if (state === 'cancelled') return 'Cancelled before it was triggered.';
  if (state === 'finished')
    return status === 'aborted' ? 'Aborted before it was triggered.' : 'Ended before it was triggered.';
  return needs.length === 0 ? 'Not triggered yet.' : `Not triggered yet. Needs ${needs.join(' and ')}.`;
}

/** An evaluation that could not take place is errored, and says why on its page. */
function hasEvaluation({ state, output }: AttemptView): boolean {
  return state === 'finished' || (state === 'failed' && output !== undefined);
}
