import { useSyncExternalStore } from 'react';
import { visible } from './foreign.tsx';

const TOAST_MS = 4_000;
let toast = '';
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Says it at the bottom of the page for a moment, and to a screen reader politely. */
export function say(text: string): void {
  toast = text;
  clearTimeout(timer);
  timer = setTimeout(() => say(''), TOAST_MS);
  if (text === '') clearTimeout(timer);
  for (const listener of listeners) listener();
}

export function Toast() {
  const text = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toast,
  );
  return (
    <div className="toast" role="status" aria-live="polite">
      {visible(text)}
    </div>
  );
}

export async function copyText(text: string): Promise<void> {
  try {
    // Not there on a page that came over plain http from another machine.
    if (navigator.clipboard === undefined) copyBySelection(text);
    else await navigator.clipboard.writeText(text);
    say(`Copied: ${text.length > 160 ? `${text.slice(0, 160)} …` : text}`);
  } catch {
    say('The browser blocked copying.');
  }
}

function copyBySelection(text: string): void {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'sr';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** Copies the line that does or shows the same from a terminal. */
export function CliButton({ line }: { line: string }) {
  return (
    <button type="button" className="button ghost" title={line} onClick={() => void copyText(line)}>
      <svg
        className="glyph"
        viewBox="0 0 16 16"
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.600"
      >
        <path d="m2.500 4.500 3.500 3.500-3.500 3.500M8 12h5.500" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      <span>Copy as CLI</span>
    </button>
  );
}

/** The same in a dialog: the line as it will be, with what was filled in; none while something is missing. */
export function CliHint({ line }: { line: string | undefined }) {
  return (
    <div className="cli-hint">
      <code className="cut" title={line}>
        {line ?? 'Fill in the form to see the command'}
      </code>
      <button
        type="button"
        className="button small ghost"
        aria-label="Copy as CLI"
        disabled={line === undefined}
        onClick={() => {
          if (line !== undefined) void copyText(line);
        }}
      >
        Copy
      </button>
    </div>
  );
}

/** A line that the server proposes; it does not know by what address it is reached. */
export function ServerHint({ line }: { line: string }) {
  const here = line.replaceAll('$SLIPWAY_SERVER', location.origin).replace(/^(?:npx )?slipway /, `${cliProgram()} `);
  return (
    <p className="hint">
      <code>{here}</code>
      <button type="button" className="button small" onClick={() => void copyText(here)}>
        Copy
      </button>
    </p>
  );
}

/** A command line of `slipway`; the server is named when it is not the usual one. */
export function cliLine(...words: (string | undefined)[]): string {
  return [cliProgram(), ...words.filter((word) => word !== undefined).map(quoted)].join(' ');
}

function cliProgram(): string {
  const usual = location.origin === 'http://127.0.0.1:8484' || location.origin === 'http://localhost:8484';
  return `${usual ? '' : `SLIPWAY_SERVER=${location.origin} `}npx slipway`;
}

/** Gives a value to a command as JSON on its standard input. Not by `echo`, which changes backslashes in some shells. */
export function pipeLine(value: unknown, ...words: string[]): string {
  return `printf %s ${quoted(JSON.stringify(value))} | ${cliLine(...words)}`;
}

/** Sends an event from a terminal; undefined while the text is no JSON. */
export function sendLine(text: string): string | undefined {
  try {
    return pipeLine(JSON.parse(text), 'send', '-');
  } catch {
    return undefined;
  }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
