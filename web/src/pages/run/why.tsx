import type { RunView } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { whyQuery } from '../../api/queries.ts';
import { Glyph } from '../../ui/badge.tsx';
import { ServerHint } from '../../ui/copy.tsx';
import { durationText, exactText } from '../../ui/format.ts';
import { useSeconds } from '../../ui/now.ts';
import { runLook } from '../../ui/state.ts';

const POLL_MS = 5_000;
const SHOWN_MAX = 4;

/** The first thing on the page of a run: what it waits for, or how it ended, as a sentence. */
export function WhyBand({ run }: { run: RunView }) {
  const open = run.state !== 'finished';
  // A service that comes or goes changes the reason, and no event of this run tells it.
  const { data } = useQuery({ ...whyQuery(run.id), refetchInterval: open ? POLL_MS : false });
  const now = useSeconds(open);
  const look = runLook(run);
  const urgent = data?.reasons.some(({ code }) => code === 'no-service' || code === 'parked') === true;
  const shown = data?.reasons.slice(0, SHOWN_MAX) ?? [];
  const more = (data?.reasons.length ?? 0) - shown.length;
  return (
    <section className={`why tone-${urgent ? 'fail' : look.tone}`} aria-label="Why" aria-live="polite">
      <Glyph shape={urgent ? 'diamond' : look.shape} />
      <div>
        {data === undefined ? <p>&nbsp;</p> : null}
        {shown.map((reason) => (
          <div key={`${reason.code} ${reason.task} ${reason.sentence.length}`} className="reason">
            <p>
              {reason.code === 'finished' ? endText(run) : reason.sentence}
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
            {reason.hint === undefined ? null : <ServerHint line={reason.hint} />}
            {reason.code === 'no-service' && reason.task !== undefined ? (
              <p>
                Start a service that does it, or{' '}
                <Link to="/runs/$run" params={{ run: run.id }} search={{ task: reason.task }} resetScroll={false}>
                  answer it by hand
                </Link>
              </p>
            ) : null}
          </div>
        ))}
        {more > 0 ? <p className="muted">and {more} more of the same kind below</p> : null}
      </div>
    </section>
  );
}

function endText(run: RunView): string {
  const how = run.status === 'aborted' ? 'Aborted' : `Ended with ${run.result ?? 'pass'}`;
  const message = run.message === undefined || run.message === '' ? '.' : `: ${run.message}`;
  return `${how} after ${durationText((run.finishedAt ?? run.updatedAt) - run.acceptedAt)}${message}`;
}
