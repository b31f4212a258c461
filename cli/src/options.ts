import { parseDuration } from '@slipway/contract';
import { InvalidArgumentError, Option } from 'commander';
import type { OutputFormat } from './output/terminal.ts';

/** What every command understands. */
export type OutputOptions = { output: OutputFormat };

/** What every command that talks to a server understands. */
export type ServerOptions = OutputOptions & { server: string; token?: string; tokenFile?: string };

/** Which runs: of `get runs` and `abort`. */
export type RunFilter = {
  project?: string;
  stage?: string;
  sequence?: string;
  service?: string;
  state?: string;
  context?: string;
  label: Record<string, string>;
  /** Epoch ms. */
  since?: number;
};

/** Filters of `get runs`. */
export type RunsOptions = RunFilter & { result?: string; limit: number; cursor?: string };

/** Filters of `get events`. */
export type EventsOptions = {
  project?: string;
  run?: string;
  type?: string;
  source?: string;
  stage?: string;
  service?: string;
  context?: string;
  limit: number;
  cursor?: string;
};

export const DEFAULT_SERVER = 'http://127.0.0.1:8484';

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text');
}

/** What every command that talks to a server has, in its help. */
export const SERVER_GROUP = 'Server and output:';

export function serverOptions(): Option[] {
  const options = [
    new Option('--server <url>', 'the control plane to talk to').env('SLIPWAY_SERVER').default(DEFAULT_SERVER),
    new Option('--token <token>', 'shown to the server').env('SLIPWAY_TOKEN'),
    new Option('--token-file <file>', "file with the token; the server's own will do"),
    outputOption(),
  ];
  return options.map((option) => option.helpGroup(SERVER_GROUP));
}

export function projectOption(fallback?: string): Option {
  const option = new Option('-p, --project <name>', 'the project');
  return fallback === undefined ? option : option.default(fallback);
}

export function runFilterOptions(states: string): Option[] {
  return [
    projectOption(),
    new Option('--stage <name>', 'in this stage'),
    new Option('--sequence <name>', 'of this sequence'),
    new Option('-s, --service <name>', 'runs for this service'),
    new Option('--state <state>', states),
    new Option('--context <id>', 'runs that follow from one trigger'),
    labelOption(),
    new Option('--since <time>', 'accepted since: 1h30m for the last so long, or ISO 8601').argParser(parseSince),
  ];
}

function parseSince(text: string): number {
  const ago = parseDuration(text);
  if (ago.ok) return Date.now() - ago.ms;
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('Write 15m, 1h30m, 7d, or a time such as 2026-01-31T12:00:00Z.');
  return at;
}

/** `--label team=blue --label tier=1`. */
export function labelOption(): Option {
  return new Option('-l, --label <key=value>', 'may be repeated')
    .default({}, 'none')
    .argParser((text: string, before: Record<string, string>) => {
      const at = text.indexOf('=');
      if (at <= 0) throw new InvalidArgumentError('Write it as key=value.');
      return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
    });
}

export function limitOption(): Option {
  return new Option('--limit <n>', 'rows at most, 1 to 1000').default(20).argParser((text) => {
    const limit = Number(text);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new InvalidArgumentError('Write 1 to 1000.');
    return limit;
  });
}

export function waitOption(description: string, preset: number): Option {
  return new Option('-w, --wait [seconds]', description).preset(String(preset)).argParser(parseSeconds);
}

export function parseSeconds(text: string): number {
  const seconds = Number(text.replace(/s$/, ''));
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0 || seconds > SECONDS_MAX) {
    throw new InvalidArgumentError(`Write seconds, 0 to ${SECONDS_MAX}.`);
  }
  return seconds;
}

const SECONDS_MAX = 86_400;
