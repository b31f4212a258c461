import { useState } from 'react';
import { failureText } from '../../api/client.ts';
import { type Conflict, isConflict } from '../../ui/conflict.tsx';
import { say } from '../../ui/copy.tsx';
import type { Draft } from '../../ui/draft.ts';

type InUse = { text: string; version: string | undefined };

/**
 * Applies a draft in place of the version that it started from. Where another version is in use by now, `conflict` has both texts, and
 * nothing is replaced before a person has seen them.
 */
export function useApply(options: {
  draft: Draft;
  /** What is in use now; undefined where there is nothing. */
  read: () => Promise<InUse | undefined>;
  /** Sends the text and reads the page's data again; answers what to say. */
  put: (text: string, replaces: string | undefined) => Promise<string>;
  onFailure?: (failure: unknown) => void;
}) {
  const { draft, read, put, onFailure = (failure) => say(failureText(failure)) } = options;
  const [busy, setBusy] = useState(false);
  const [conflict, setConflict] = useState<Conflict>();
  const apply = async (replaces: string | undefined): Promise<void> => {
    setBusy(true);
    try {
      // Without a version to name in If-Match the server cannot refuse: what came in between is looked for here.
      const first = replaces === undefined ? await read() : undefined;
      if (first !== undefined) setConflict({ theirs: first.text, mine: draft.text, version: first.version });
      else {
        const said = await put(draft.text, replaces);
        draft.discard();
        setConflict(undefined);
        say(said);
      }
    } catch (failure) {
      if (!isConflict(failure)) onFailure(failure);
      else {
        const now = await read();
        setConflict({ theirs: now?.text ?? '', mine: draft.text, version: now?.version });
      }
    }
    setBusy(false);
  };
  return {
    busy,
    conflict,
    apply: () => void apply(draft.base),
    overwrite: () => void apply(conflict?.version),
    close: () => setConflict(undefined),
  };
}
