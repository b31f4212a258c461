import { type RefObject, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { visible } from './foreign.tsx';

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
    document.title = `${visible(title)} · Slipway`;
  }, [title]);
}

/** Brings into sight what stands below that from which it was chosen, as on a phone; `first`: also what is there from the start. */
export function useInSight(
  element: RefObject<HTMLElement | null>,
  chosen: string,
  { first }: { first: boolean },
): void {
  const before = useRef(first ? undefined : chosen);
  useEffect(() => {
    if (before.current === chosen) return;
    before.current = chosen;
    const box = element.current?.getBoundingClientRect();
    if (box !== undefined && box.top > innerHeight * BELOW) element.current?.scrollIntoView();
  }, [element, chosen]);
}

/** Of the height of the window: what begins further down shows too little of itself. */
const BELOW = 0.7;

/** Whether an element was in sight, or nearly; what it shows is loaded only then. */
export function useSeen(element: RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        setSeen(true);
        observer.disconnect();
      },
      { rootMargin: '400px' },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return seen;
}
