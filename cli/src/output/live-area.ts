import { cutToWidth, shown } from './paint.ts';
import type { Terminal } from './terminal.ts';

const ESCAPE = '\u001b[';
const HIDE_CURSOR = `${ESCAPE}?25l`;
const SHOW_CURSOR = `${ESCAPE}?25h`;
const CLEAR_BELOW = `${ESCAPE}0J`;

/** Lines at the end of the terminal that are drawn again in place. */
export type LiveArea = {
  draw: (lines: readonly string[]) => void;
  /** Leaves the last lines where they are and gives the terminal back. Safe to call twice. */
  end: () => void;
};

export function openLiveArea(terminal: Terminal): LiveArea {
  let drawn = 0;
  let open = true;
  terminal.command(HIDE_CURSOR);
  // A process that ends in any other way must not leave a terminal without a cursor.
  const restore = (): void => terminal.command(SHOW_CURSOR);
  process.once('exit', restore);
  return {
    draw: (lines) => {
      if (!open) return;
      // A line that wraps, or one above the top of the screen, could not be taken back: cut both.
      const rows = Math.max(2, terminal.rows() - 1);
      const hidden = lines.length - rows + 1;
      const visible = lines.length > rows ? [...lines.slice(0, rows - 1), `… ${hidden} more lines`] : lines;
      const text = visible.map((line) => `${shown(cutToWidth(line, terminal.columns()))}\n`).join('');
      terminal.command(`${drawn > 0 ? `${ESCAPE}${drawn}A` : ''}\r${CLEAR_BELOW}${text}`);
      drawn = visible.length;
    },
    end: () => {
      if (!open) return;
      open = false;
      process.off('exit', restore);
      restore();
    },
  };
}
