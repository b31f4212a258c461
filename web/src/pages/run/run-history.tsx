import type { RunView } from '@slipway/contract';
import { Empty } from '../../ui/screens.tsx';
import { Time } from '../../ui/time.tsx';

/** What people did to the run, and what came in without changing it. */
export function RunHistory({ run }: { run: RunView }) {
  if (run.history.length === 0 && run.ignored.length === 0) {
    return (
      <Empty title="Nobody has touched this run">
        <p>Commands such as pause and abort are kept here, with who, when and why; and answers that came too late.</p>
      </Empty>
    );
  }
  return (
    <section className="panel" aria-label="History">
      <ul className="history">
        {run.history.map((line) => (
          <li key={`${line.at} ${line.what}`}>
            <span className="num muted">
              <Time at={line.at} />
            </span>
            <strong>{line.what}</strong>
            <span>
              {line.by === undefined ? '' : `by ${line.by}`}
              {line.reason === undefined ? '' : ` because: ${line.reason}`}
            </span>
          </li>
        ))}
        {run.ignored.map((line) => (
          <li key={line.eventId}>
            <span className="num muted">
              <Time at={line.at} />
            </span>
            <strong>{line.code}</strong>
            <span className="muted mono cut">event {line.eventId} changed nothing</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
