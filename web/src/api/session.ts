import { useSyncExternalStore } from 'react';

let signedOut = false;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  if (signedOut === value) return;
  signedOut = value;
  for (const listener of listeners) listener();
}

/** The server asked for a token: the sign-in takes the place of the page until there is one. */
export function reportSignedOut(): void {
  set(true);
}

export function reportSignedIn(): void {
  set(false);
}

export function useSignedOut(): boolean {
  return useSyncExternalStore(subscribe, () => signedOut);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
