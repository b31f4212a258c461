import { useMemo, useSyncExternalStore } from 'react';

/** An edit that was not applied: its text, and the version that it started from. */
type Kept = { text: string; base: string | null };

const PREFIX = 'slipway-draft:';
/** Of this tab; `sessionStorage` keeps them over a reload where it has the room. */
const kept = new Map<string, string>();
/** Drafts that were changed since the page was loaded or left: only these are asked about. */
let touched: readonly string[] = [];
const listeners = new Set<() => void>();

export type Draft = {
  text: string;
  /** The version that applying it replaces; undefined where there was none. */
  base: string | undefined;
  isChanged: boolean;
  change(text: string): void;
  discard(): void;
};

/** A text under edit. It survives another tab of the page, another page and a reload, until it is applied or discarded. */
export function useDraft(key: string, current: { text: string; base: string | undefined }): Draft {
  const stored = useSyncExternalStore(subscribe, () => read(key));
  const draft = useMemo(() => parse(stored), [stored]);
  const base = draft === undefined ? current.base : (draft.base ?? undefined);
  return {
    text: draft?.text ?? current.text,
    base,
    isChanged: draft !== undefined,
    change(text) {
      if (text === current.text) drop(key);
      else keep(key, { text, base: base ?? null });
    },
    discard: () => drop(key),
  };
}

/** The keys below `prefix` that have a draft which was changed since the page was opened. */
export function useTouchedDrafts(prefix: string): readonly string[] {
  const all = useSyncExternalStore(subscribe, () => touched);
  return useMemo(() => all.filter((key) => key.startsWith(prefix)), [all, prefix]);
}

/** Whether there is a draft at `key` or, when it ends with a slash, below it. */
export function useHasDraft(key: string): boolean {
  return useSyncExternalStore(subscribe, () =>
    key.endsWith('/') ? draftKeys().some((one) => one.startsWith(key)) : read(key) !== undefined,
  );
}

/** The drafts stay; leaving the page no longer asks about them. */
export function leaveDrafts(keys: readonly string[]): void {
  touched = touched.filter((key) => !keys.includes(key));
  announce();
}

export function discardDrafts(keys: readonly string[]): void {
  for (const key of keys) drop(key);
}

/** At sign-out: drafts belong to the person who wrote them. */
export function discardAllDrafts(): void {
  discardDrafts(draftKeys());
}

function draftKeys(): string[] {
  const stored = Array.from({ length: sessionStorage.length }, (_, at) => sessionStorage.key(at) ?? '');
  const keys = stored.flatMap((key) => (key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : []));
  return [...new Set([...kept.keys(), ...keys])];
}

function read(key: string): string | undefined {
  return kept.get(key) ?? sessionStorage.getItem(PREFIX + key) ?? undefined;
}

function keep(key: string, draft: Kept): void {
  const text = JSON.stringify(draft);
  kept.set(key, text);
  try {
    sessionStorage.setItem(PREFIX + key, text);
  } catch {
    // No room: the draft still survives every way but a reload, and the browser asks before that.
    sessionStorage.removeItem(PREFIX + key);
  }
  if (!touched.includes(key)) touched = [...touched, key];
  announce();
}

function drop(key: string): void {
  kept.delete(key);
  sessionStorage.removeItem(PREFIX + key);
  touched = touched.filter((one) => one !== key);
  announce();
}

/** Another version of the page, or a person, may have written anything there. */
function parse(text: string | undefined): Kept | undefined {
  if (text === undefined) return undefined;
  try {
    const draft: Partial<Kept> | null = JSON.parse(text);
    if (typeof draft?.text !== 'string') return undefined;
    return { text: draft.text, base: typeof draft.base === 'string' ? draft.base : null };
  } catch {
    return undefined;
  }
}

function announce(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
