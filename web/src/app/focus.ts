import { useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

const HEADING_MS = 5_000;

/** On another page the focus goes to its heading, so that a screen reader says where one is and Tab begins there. */
export function useFocusOnPage(): void {
  // Once it is drawn: before, the heading is still that of the page which is left.
  const path = useRouterState({ select: ({ location, resolvedLocation }) => (resolvedLocation ?? location).pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    if (focusHeading()) return;
    // The page is still on its way.
    const observer = new MutationObserver(() => {
      if (focusHeading()) observer.disconnect();
    });
    observer.observe(document.body, { childList: true, subtree: true });
    const limit = setTimeout(() => observer.disconnect(), HEADING_MS);
    return () => {
      observer.disconnect();
      clearTimeout(limit);
    };
  }, [path]);
}

/** False while there is no heading. What a person has put the focus on meanwhile keeps it. */
function focusHeading(): boolean {
  const heading = document.querySelector<HTMLElement>('#main h1');
  if (heading === null) return false;
  const { activeElement } = document;
  const isElsewhere = activeElement?.matches('#main *, dialog *') === true;
  if (!isElsewhere) focusOn(heading);
  return true;
}

function focusOn(element: HTMLElement): void {
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
