import type { RunView, Why } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { whyQuery } from '../../api/queries.ts';
import { Glyph } from '../../ui/badge.tsx';
import { cliLine, ServerHint } from '../../ui/copy.tsx';
import { Message, visible } from '../../ui/foreign.tsx';
import { durationText, exactText } from '../../ui/format.ts';
import { useSeconds } from '../../ui/now.ts';
import { runLook } from '../../ui/state.ts';
import { decidingEvaluation } from './run-evaluation.ts';

const POLL_MS = 5_000;
const SHOWN_MAX = 4;

/** The first thing on the page of a run: what it waits for, or how it ended, as a sentence. */
export function WhyBand({ run, onAnswer }: { run: RunView; onAnswer: (task: string) => void }) {
  const open = run.state !== 'finished';
  // A service that connects or leaves changes the reason, and no event of this run tells it.
  const { data } = useQuery({ ...whyQuery(run.id), refetchInterval: open ? POLL_MS : false });
  const now = useSeconds(open);
  const look = runLook(run);
  const urgent = data?.reasons.some(({ code }) => code === 'no-service' || code === 'parked') === true;
  const shown = data?.reasons.slice(0, SHOWN_MAX) ?? [];
  const more = (data?.reasons.length ?? 0) - shown.length;
  return (
    <>
      <p className="sr" aria-live="polite">
        {shown.map((reason) => spokenText(run, reason)).join(' ')}
      </p>
      <section className={`why tone-${urgent ? 'fail' : look.tone}`} aria-label="Why" tabIndex={-1} data-why>
        <Glyph shape={urgent ? 'diamond' : look.shape} />
        <div>
          {data === undefined ? <p>&nbsp;</p> : null}
          {shown.map((reason) => (
            <div key={`${reason.code} ${reason.task} ${reason.run}`} className="reason">
              {isEnd(reason) ? (
                <End run={run} />
              ) : (
                <p>
                  <bdi>{visible(reason.sentence)}</bdi>
                  {reason.until !== undefined && reason.until > now && now > 0 ? (
                    <span className="muted" title={exactText(reason.until)} aria-hidden="true">
                      {' '}
                      ({durationText(reason.until - now)} left)
                    </span>
                  ) : null}{' '}
                  {reason.run === undefined ? null : (
                    <Link to="/runs/$run" params={{ run: reason.run }}>
                      Open that run
                    </Link>
                  )}
                </p>
              )}
              {reason.hint === undefined ? null : (
                <ServerHint line={reason.code === 'paused' ? cliLine('resume', run.id) : reason.hint} />
              )}
              {reason.code === 'no-service' && reason.task !== undefined ? (
                <NoService task={reason.task} onAnswer={onAnswer} />
              ) : null}
            </div>
          ))}
          {more > 0 ? <p className="muted">and {more} more of the same kind below</p> : null}
        </div>
      </section>
    </>
  );
}

function NoService({ task, onAnswer }: { task: string; onAnswer: (task: string) => void }) {
  return (
    <p>
      Start a service for this task, or{' '}
      <button type="button" className="as-link" onClick={() => onAnswer(task)}>
        answer it by hand
      </button>
      .
    </p>
  );
}

function End({ run }: { run: RunView }) {
  const { message = '' } = run;
  const evaluation = decidingEvaluation(run);
  if (evaluation !== undefined) {
    return (
      <p>
        {endText(run)}. <bdi>{visible(evaluation.why)}</bdi>{' '}
        <Link to="/evaluations/$evaluation" params={{ evaluation: evaluation.attempt }}>
          Open evaluation
        </Link>
      </p>
    );
  }
  return (
    <div>
      <p>
        {endText(run)}
        {message === '' || message.includes('\n') ? '.' : ': '}
        {message === '' || message.includes('\n') ? null : <Message text={message} />}
      </p>
      {message.includes('\n') ? <Message text={message} /> : null}
    </div>
  );
}

/** That the run has ended, which the page says in its own words; a reason with a task says which one decided it. */
function isEnd({ code, task }: Why['reasons'][number]): boolean {
  return code === 'finished' && task === undefined;
}

function endText(run: RunView): string {
  const after = durationText((run.finishedAt ?? run.updatedAt) - run.acceptedAt);
  switch (run.phase) {
    case 'aborted':
      return `Aborted after ${after}`;
    case 'failed':
      return `Failed after ${after}`;
    case 'warning':
      return `Passed with a warning in ${after}`;
    default:
      return `Passed in ${after}`;
  }
}

/** Spans of time, which change while the reason stays the same: read aloud every few seconds they would be all that one hears. */
const SPANS = / (?:since|for|in) (?:\d+(?:\.\d+)? ?(?:ms|min|s|m|h|d)\s?)+/g;

function spokenText(run: RunView, reason: Why['reasons'][number]): string {
  if (isEnd(reason)) return `${endText(run)}. ${decidingEvaluation(run)?.why ?? run.message ?? ''}`;
  return reason.sentence.replace(SPANS, '').replace(/, \d+ % done/, '');
}
