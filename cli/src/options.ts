import { InvalidArgumentError, Option } from 'commander';
import type { OutputFormat } from './output/terminal.ts';

/** What every command understands. */
export type OutputOptions = { output: OutputFormat };

/** What every command that talks to a server understands. */
export type ServerOptions = OutputOptions & { server: string; token?: string; tokenFile?: string };

/** Filters of `get runs`. */
export type RunsOptions = {
  project?: string;
  stage?: string;
  sequence?: string;
  service?: string;
  state?: string;
  result?: string;
  context?: string;
  label: Record<string, string>;
  limit: number;
  cursor?: string;
};

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

export function serverOptions(): Option[] {
  return [
    new Option('--server <url>', 'the control plane to talk to').env('SLIPWAY_SERVER').default(DEFAULT_SERVER),
    new Option('--token <token>', 'shown to the server').env('SLIPWAY_TOKEN'),
    new Option('--token-file <file>', "file with the token; the server's own will do"),
    outputOption(),
  ];
}

export function projectOption(fallback?: string): Option {
  const option = new Option('-p, --project <name>', 'the project');
  return fallback === undefined ? option : option.default(fallback);
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
