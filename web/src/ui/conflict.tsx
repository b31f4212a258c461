import { ApiError } from '../api/client.ts';
import { Dialog } from './dialog.tsx';
import { TextDiffView } from './text-diff-view.tsx';

/** What another person applied after an edit began, beside the edit. */
export type Conflict = { theirs: string; mine: string; version: string | undefined };

/** The server refused to replace a version that is no longer in use. */
export function isConflict(failure: unknown): boolean {
  return failure instanceof ApiError && (failure.status === 412 || failure.status === 428);
}

/** Somebody else was faster: shows both texts, and overwrites theirs only on purpose. */
export function ConflictDialog(props: {
  what: string;
  conflict: Conflict;
  busy: boolean;
  onTheirs: () => void;
  onOverwrite: () => void;
  onClose: () => void;
}) {
  const { what, conflict, busy, onTheirs, onOverwrite, onClose } = props;
  const { theirs, mine, version } = conflict;
  return (
    <Dialog title={`${what} changed since you began`} className="wide" onClose={onClose}>
      <p>
        Another version{version === undefined ? '' : <code> {version}</code>} is in use now. Your changes were not
        applied. The left side is in use, the right side is yours.
      </p>
      <section className="conflict-diff" aria-label="Differences">
        <TextDiffView before={theirs} after={mine} />
      </section>
      <div className="dialog-end">
        <button type="button" className="button" onClick={onTheirs}>
          Discard mine, use theirs
        </button>
        <button type="button" className="button danger" disabled={busy} onClick={onOverwrite}>
          Overwrite theirs
        </button>
        <button type="button" className="button primary" onClick={onClose}>
          Keep editing
        </button>
      </div>
    </Dialog>
  );
}
