import { useEffect, useSyncExternalStore } from 'react';

const narrow = matchMedia('(max-width: 760px)');

/** Whether the page is as narrow as a phone; the same width as in the style sheets. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener('change', listener);
      return () => narrow.removeEventListener('change', listener);
    },
    () => narrow.matches,
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Slipway`;
  }, [title]);
}
