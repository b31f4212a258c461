import { useBlocker } from '@tanstack/react-router';
import { Dialog } from './dialog.tsx';
import { discardDrafts, leaveDrafts, useTouchedDrafts } from './draft.ts';

/** Asks before the page is left with changes that were not applied; another tab of the same page keeps them and asks nothing. */
export function UnsavedGuard({ prefix, nameOf }: { prefix: string; nameOf: (key: string) => string }) {
  const keys = useTouchedDrafts(prefix);
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => keys.length > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => keys.length > 0,
    withResolver: true,
  });
  if (status !== 'blocked') return null;
  return (
    <Dialog title="You have unsaved changes" onClose={reset}>
      <ul className="effects">
        {keys.map((key) => (
          <li key={key}>{nameOf(key)}</li>
        ))}
      </ul>
      <p className="muted">A draft stays in this browser tab until you apply or discard it.</p>
      <div className="dialog-end">
        <button
          type="button"
          className="button danger"
          onClick={() => {
            discardDrafts(keys);
            proceed();
          }}
        >
          Discard and leave
        </button>
        <button
          type="button"
          className="button"
          onClick={() => {
            leaveDrafts(keys);
            proceed();
          }}
        >
          Keep draft and leave
        </button>
        <button type="button" className="button primary" onClick={reset}>
          Stay
        </button>
      </div>
    </Dialog>
  );
}

/** Beside a text that differs from what is in use, with the way back. */
export function DraftNote({ draft, newer }: { draft: { discard(): void }; newer: boolean }) {
  return (
    <>
      <span className={`badge tone-${newer ? 'warning' : 'waiting'}`}>
        {newer ? 'Draft of an older version' : 'Unsaved draft'}
      </span>
      <button type="button" className="button small ghost" onClick={draft.discard}>
        Discard draft
      </button>
    </>
  );
}
