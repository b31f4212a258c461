/** A stretch of the text: zero-based offsets, the end not included. */
export type Place = { start: number; end: number };

/** Turns offsets into what editors show: lines and columns from 1, columns in UTF-16 units. */
export class SourceMap {
  readonly text: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  position(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = this.#lineStarts[low] ?? 0;
    // A byte order mark is no column.
    const mark = start === 0 && this.text.startsWith('\uFEFF') && offset > 0 ? 1 : 0;
    return { line: low + 1, column: offset - start - mark + 1 };
  }
}
