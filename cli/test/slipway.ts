import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../bin/slipway.js', import.meta.url));

export type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs the command line as a user does: a process of its own, its output in pipes. */
export async function slipway(
  args: readonly string[],
  options: { stdin?: string; env?: Record<string, string>; cwd?: string; nodeArgs?: readonly string[] } = {},
): Promise<Ended> {
  const { process: child, ended } = startSlipway(args, options);
  child.stdin?.end(options.stdin ?? '');
  return ended;
}

/** Starts it and lets it run. */
export function startSlipway(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; nodeArgs?: readonly string[] } = {},
): { process: ChildProcess; ended: Promise<Ended>; output: () => string } {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), BIN, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => {}); // It may end without reading.
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, stdout, stderr }));
  return { process: child, ended: promise, output: () => stdout + stderr };
}

/** Nothing that the caller has set for a Slipway of its own. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(SLIPWAY_|FORCE_COLOR$|NO_COLOR$)/.test(name));
  return Object.fromEntries(entries);
}
