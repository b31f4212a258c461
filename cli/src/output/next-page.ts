import type { Terminal } from './terminal.ts';

/** Tells how to go on, where a list has more than was shown. */
export function nextPageNote(next: string | undefined, terminal: Terminal): void {
  if (next !== undefined) terminal.note(terminal.errorPaint.dim(`more: --cursor ${next}`));
}
