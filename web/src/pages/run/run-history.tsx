import type { RunView } from '@slipway/contract';
import { Foreign } from '../../ui/foreign.tsx';
import { Empty } from '../../ui/screens.tsx';
import { Time } from '../../ui/time.tsx';

/** What people did to the run, and the answers that changed nothing; in the order of time. */
export function RunHistory({ run }: { run: RunView }) {
  const lines = [
    ...run.history.map((line) => ({ at: line.at, line: <Done key={`${line.at} ${line.what}`} line={line} /> })),
    ...run.ignored.map((line) => ({ at: line.at, line: <Ignored key={line.eventId} line={line} /> })),
  ];
  if (lines.length === 0) {
    return (
      <Empty title="No manual actions">
        <p>Commands and answers by hand appear here with author, time and reason, as do answers that came too late.</p>
      </Empty>
    );
  }
  return (
    <section className="panel" aria-label="History">
      <ul className="history">{lines.toSorted((a, b) => a.at - b.at).map(({ line }) => line)}</ul>
    </section>
  );
}

const words: Readonly<Record<string, string>> = { pause: 'Paused', resume: 'Resumed', abort: 'Aborted' };

function Done({ line }: { line: RunView['history'][number] }) {
  const { at, what, by, reason, task = '', result, onBehalfOf } = line;
  return (
    <li>
      <span className="num muted">
        <Time at={at} />
      </span>
      <strong>{what === 'answer' ? `Answered ${task} by hand: ${result}` : (words[what] ?? what)}</strong>
      <span>
        {by === undefined ? null : (
          <>
            by <Foreign text={by} />
          </>
        )}
        {onBehalfOf === undefined ? null : (
          <>
            {' '}
            instead of <Foreign text={onBehalfOf} />
          </>
        )}
        {reason === undefined || reason === '' ? null : (
          <>
            {' · '}
            <Foreign text={reason} />
          </>
        )}
      </span>
    </li>
  );
}

function Ignored({ line: { at, code, eventId } }: { line: RunView['ignored'][number] }) {
  return (
    <li>
      <span className="num muted">
        <Time at={at} />
      </span>
      <strong>Ignored an answer</strong>
      <span className="muted">
        <code>{code}</code>, event <Foreign text={eventId} />
      </span>
    </li>
  );
}
