// Where and why a text is not JSON, and where a key is written twice. Only the way to an error comes here, so this
// walk is made to be exact, not fast. `JSON.parse` alone will not do: its messages differ between engines and often
// hold no position ("Unexpected end of JSON input"), and it takes duplicate keys without a word.

export interface SyntaxFault {
  /** Offset in the text; its length when the text ends too early. */
  at: number;
  /** What stands there and what should: the middle of a sentence. */
  reason: string;
}

export interface DuplicateKey {
  /** Offset of the later key. */
  at: number;
  key: string;
  /** Keys and indexes that lead to the object. */
  path: readonly (string | number)[];
}

/** The first place where the text stops being JSON. The nesting must have been bounded before: the walk is recursive. */
export function findSyntaxFault(text: string): SyntaxFault | undefined {
  return walk(text).fault;
}

/** The first key that its object already has. */
export function findDuplicateKey(text: string): DuplicateKey | undefined {
  return walk(text).duplicate;
}

/** A number that would not be kept as it is written, and where it stands. */
export interface ChangedNumber {
  path: (string | number)[];
  reason: string;
}

/** The first number of the text that a double does not hold: a whole one beyond 2^53, or -0. */
export function findChangedNumber(text: string): ChangedNumber | undefined {
  return walk(text).changed;
}

/** Both counted from 1, columns in characters. */
export interface Position {
  line: number;
  column: number;
}

export function positionOf(text: string, at: number): Position {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', lineStart)) {
    line++;
    lineStart = end + 1;
  }
  return { line, column: at - lineStart + 1 };
}

function walk(text: string): JsonWalk {
  const done = new JsonWalk(text);
  done.run();
  return done;
}

/** Thrown and caught within this file only, to leave the recursion at the first fault. */
class Stop extends Error {}

// Each is sticky: it matches at `lastIndex` or not at all.
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /[A-Za-z0-9_$.+-]+/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class JsonWalk {
  fault: SyntaxFault | undefined;
  duplicate: DuplicateKey | undefined;
  changed: ChangedNumber | undefined;
  readonly #text: string;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): void {
    try {
      this.#skipSpace();
      this.#value();
      this.#skipSpace();
      if (this.#at < this.#text.length) this.#stop('the end of the text');
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
  }

  #value(): void {
    const char = this.#text[this.#at];
    if (char === '{') this.#object();
    else if (char === '[') this.#array();
    else if (char === '"') this.#string();
    else this.#word();
  }

  #object(): void {
    const keys = new Set<string>();
    this.#at++;
    this.#skipSpace();
    if (this.#take('}')) return;
    for (;;) {
      if (this.#text[this.#at] !== '"') {
        this.#stop(keys.size === 0 ? 'a key in double quotes or }' : 'another key in double quotes');
      }
      const keyAt = this.#at;
      const key = this.#string();
      if (keys.has(key)) this.duplicate ??= { at: keyAt, key, path: [...this.#path] };
      keys.add(key);
      this.#skipSpace();
      if (!this.#take(':')) this.#stop('a colon');
      this.#member(key);
      if (this.#take('}')) return;
      if (!this.#take(',')) this.#stop('a comma or }');
      this.#skipSpace();
    }
  }

  #array(): void {
    this.#at++;
    this.#skipSpace();
    if (this.#take(']')) return;
    for (let index = 0; ; index++) {
      this.#member(index);
      if (this.#take(']')) return;
      if (!this.#take(',')) this.#stop('a comma or ]');
    }
  }

  #member(step: string | number): void {
    this.#path.push(step);
    this.#skipSpace();
    this.#value();
    this.#skipSpace();
    this.#path.pop();
  }

  #string(): string {
    const start = this.#at++;
    while (!this.#take('"')) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code)) this.#stop('the closing quote of a string');
      if (code < 0x20) this.#stop('a character of a string (control characters must be escaped)');
      const length = code === BACKSLASH ? this.#match(ESCAPE).length : 1;
      if (length === 0) this.#stop('an escape sequence of JSON');
      this.#at += length;
    }
    const decoded: unknown = JSON.parse(this.#text.slice(start, this.#at));
    return String(decoded);
  }

  #word(): void {
    const word = this.#match(WORD);
    const number = this.#match(NUMBER);
    if (word === 'true' || word === 'false' || word === 'null' || (number !== '' && number === word)) {
      const reason = number === '' ? undefined : whyChanged(number);
      if (reason !== undefined) this.changed ??= { path: [...this.#path], reason };
      this.#at += word.length;
      return;
    }
    this.#at += number.length;
    if (number !== '') this.#stop('the end of the number');
    this.#stop(this.#text[this.#at] === "'" ? 'a value (strings take double quotes)' : 'a value');
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? '';
  }

  #skipSpace(): void {
    this.#at += this.#match(SPACE).length;
  }

  #stop(expected: string): never {
    const found = this.#at < this.#text.length ? `found ${nameOf(this.#text, this.#at)}` : 'the text ends';
    this.fault = { at: this.#at, reason: `${found} where ${expected} should be` };
    throw new Stop(this.fault.reason);
  }
}

/** What JavaScript and Go write of a double, such as 18446744073709552000, comes back as it is; digits of more are lost. */
function whyChanged(number: string): string | undefined {
  const value = Number(number);
  if (Object.is(value, -0)) return 'the number -0 would become 0';
  if (!/^-?\d+$/.test(number) || Number.isSafeInteger(value) || String(value) === number) return undefined;
  return 'the whole number is beyond 2^53 and would be changed (send it as a string)';
}

const BACKSLASH = 0x5c;

/** The character itself where it can be seen, else its code point. */
function nameOf(text: string, at: number): string {
  const code = text.codePointAt(at) ?? 0;
  if (code > 0x20 && code < 0x7f) return String.fromCodePoint(code);
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
