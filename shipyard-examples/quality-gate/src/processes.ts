import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const STOP_TIMEOUT_MS = 5_000;

/** A program that we started and therefore end. What it says last is kept for the case that it fails. */
export interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  stop(): Promise<void>;
}

const alive = new Set<ChildProcess>();
const started: { readonly file: string; readonly running: Running }[] = [];
// However this process ends, nothing of it stays behind.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Starts a TypeScript or JavaScript file with this Node. */
export function startNode(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-8_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  const running: Running = { child, output: () => output, stop: () => stop(child) };
  started.push({ file, running });
  return running;
}

/** What the processes said that ended although nobody had asked them to. */
export function lastWords(): string[] {
  return started
    .filter(({ running }) => (running.child.exitCode ?? 0) !== 0)
    .map(({ file, running }) => `${file} ended with ${running.child.exitCode}:\n${running.output().trim()}`);
}

/** SIGTERM, and SIGKILL for who does not listen. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}
