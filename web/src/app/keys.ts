import { useEffect, useEffectEvent } from 'react';

/** Every key of the view, as `?` shows them. */
export const keyTable: readonly [keys: readonly string[], does: string][] = [
  [['Ctrl', 'K'], 'Find a run, a project, a page'],
  [['/'], 'Filter this page'],
  [['j'], 'Next line'],
  [['k'], 'Previous line'],
  [['Enter'], 'Open it'],
  [['x'], 'Select it, to compare or abort'],
  [['g', 'r'], 'Runs'],
  [['g', 'e'], 'Environment'],
  [['g', 'q'], 'Evaluations'],
  [['g', 's'], 'Services'],
  [['g', 'v'], 'Events'],
  [['g', 'p'], 'Projects'],
  [['?'], 'Show these keys'],
  [['Esc'], 'Close'],
];

const CHORD_MS = 900;

/** Keys that work wherever nobody is typing. */
export function useKeys(handlers: { find(): void; help(): void; go(letter: string): void }): void {
  const onKey = useEffectEvent((event: KeyboardEvent, chord: string) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      handlers.find();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.composedPath()[0])) return;
    if (document.querySelector('dialog[open]')) return;
    if (chord === 'g') handlers.go(event.key);
    else if (event.key === '?') handlers.help();
    else if (event.key === '/') focusFilter(event);
    else if (event.key === 'j') step(1);
    else if (event.key === 'k') step(-1);
    else if (event.key === 'x') pick();
  });
  useEffect(() => {
    let last = { key: '', at: 0 };
    const listener = (event: KeyboardEvent): void => {
      const chord = event.timeStamp - last.at < CHORD_MS ? last.key : '';
      onKey(event, chord);
      last = { key: chord === 'g' ? '' : event.key, at: event.timeStamp };
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
}

/** The innermost target: outside of a shadow root the event is said to come from its host. */
function isTyping(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable="true"]');
}

function focusFilter(event: KeyboardEvent): void {
  const input = document.querySelector<HTMLInputElement>('[data-filter]');
  if (!input) return;
  event.preventDefault();
  input.focus();
  input.select();
}

/** Ticks the box beside the line that has the focus. */
function pick(): void {
  document.activeElement?.parentElement?.querySelector<HTMLElement>('[data-pick]')?.click();
}

/** Lines mark themselves with `data-line`; the virtual lists keep the ones around the focus mounted. */
function step(by: 1 | -1): void {
  const lines = [...document.querySelectorAll<HTMLElement>('[data-line]')];
  const at = lines.findIndex((line) => document.activeElement?.isSameNode(line));
  const next = at === -1 ? (by === 1 ? lines[0] : lines.at(-1)) : lines[at + by];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
