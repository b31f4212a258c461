export interface SseMessage {
  /** The last id that was given, as the standard has it. */
  id: string;
  event: string;
  data: string;
}

/** Characters of one line; more is no event stream. */
const LINE_MAX = 16 * 1024 * 1024;

/** Takes server-sent events out of text that comes in pieces. */
export class SseReader {
  #rest = '';
  #id = '';
  #event = '';
  #data: string[] = [];

  *read(text: string): Generator<SseMessage, void, undefined> {
    this.#rest += text;
    if (this.#rest.length > LINE_MAX) throw new Error(`a line of the stream is longer than ${LINE_MAX} characters`);
    let from = 0;
    for (;;) {
      const lineEnd = this.#lineEnd(from);
      if (lineEnd === undefined) break;
      const line = this.#rest.slice(from, lineEnd.at);
      from = lineEnd.next;
      const message = this.#line(line);
      if (message !== undefined) yield message;
    }
    this.#rest = this.#rest.slice(from);
  }

  /** Lines end in LF, CR LF or CR; a CR at the very end may be half of a CR LF. */
  #lineEnd(from: number): { at: number; next: number } | undefined {
    const lf = this.#rest.indexOf('\n', from);
    const cr = this.#rest.indexOf('\r', from);
    if (cr === -1 || (lf !== -1 && lf < cr)) return lf === -1 ? undefined : { at: lf, next: lf + 1 };
    if (cr === this.#rest.length - 1) return undefined;
    return { at: cr, next: this.#rest[cr + 1] === '\n' ? cr + 2 : cr + 1 };
  }

  #line(line: string): SseMessage | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'id' && !value.includes('\0')) this.#id = value;
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #dispatch(): SseMessage | undefined {
    const message = { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return isEmpty ? undefined : message;
  }
}
