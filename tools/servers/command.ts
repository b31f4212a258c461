import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface CommandResult {
  readonly ok: boolean;
  readonly output: string;
}

const COMMAND_TIMEOUT_MS = 15 * 60_000;

/** Runs a command of the set-up to its end; what it printed is kept and shown only when it failed. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const child = spawn(command, args, {
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => resolve({ ok: false, output: `${command}: ${error.message}` }));
  child.on('close', (code) => resolve({ ok: code === 0, output }));
  return promise;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first executable of this name on PATH, or in the folders given beside it. */
export function onPath(name: string, beside: readonly string[] = []): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), ...beside]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}
