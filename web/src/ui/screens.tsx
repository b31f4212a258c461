import { ApiError } from '../api/client.ts';
import { Glyph } from './badge.tsx';
import { Message } from './foreign.tsx';
import { passLook } from './state.ts';

/** An empty state: why it is empty, and what to do next. Never shown for a failure. */
export function Empty({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <div className="screen">
      <svg width="40" height="40" viewBox="0 0 40 40" aria-hidden="true" fill="none" stroke="currentColor">
        <path d="M5 28 35 15" strokeWidth="2" strokeLinecap="round" strokeDasharray="3 5" />
        <path d="M5 34h30" strokeWidth="2" strokeLinecap="round" />
      </svg>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Something failed: what, and a way to try again. */
export function Failed({ error, what, retry }: { error: unknown; what: string; retry?: (() => void) | undefined }) {
  const problem = error instanceof ApiError ? error.problem : undefined;
  return (
    <div className="screen tone-fail" role="alert">
      <Glyph shape="diamond" />
      <h2>{what}</h2>
      <div className="cause">
        <Message text={error instanceof Error ? error.message : String(error)} />
      </div>
      {problem ? (
        <p className="muted mono">
          {problem.code} ({problem.status})
        </p>
      ) : null}
      {retry ? (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

/** Loading: the shape of what will come, so that nothing moves when it is there. */
export function Loading({ rows = 8, height = 20 }: { rows?: number; height?: number }) {
  const widths = [62, 48, 71, 55, 66, 43, 58, 50];
  return (
    <div className="loading" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
        <div key={row} className="bone" style={{ height, width: `${widths[row % widths.length]}%` }} />
      ))}
    </div>
  );
}

export function AllWell({ children }: { children: React.ReactNode }) {
  return (
    <p className={`badge tone-${passLook.tone}`}>
      <Glyph shape={passLook.shape} />
      {children}
    </p>
  );
}
