import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A process that is measured. */
export type Measured = { name: string; child: ChildProcess; pid: number };

const TICK_MS = 10;
const READY_MAX_MS = 30_000;
const STOP_MAX_MS = 30_000;

/** Starts a Node process and waits for a line on its standard output that fits `ready`; answers the match. */
export async function startNode(
  name: string,
  script: string,
  args: readonly string[],
  env: Record<string, string>,
  ready: RegExp,
): Promise<{ process: Measured; match: RegExpMatchArray }> {
  const started = spawnNode(name, script, args, env);
  const { child } = started;
  const match = await new Promise<RegExpMatchArray>((resolve, reject) => {
    let text = '';
    const limit = setTimeout(() => reject(new Error(`${name} was not ready within ${READY_MAX_MS} ms`)), READY_MAX_MS);
    child.stdout?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-4096);
      const found = ready.exec(text);
      if (!found) return;
      clearTimeout(limit);
      resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
  return { process: started, match };
}

/** Starts a Node process that says nothing when it is ready. */
export function spawnNode(
  name: string,
  script: string,
  args: readonly string[],
  env: Record<string, string>,
): Measured {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { name, child, pid: child.pid ?? 0 };
}

/** Ends a process by its own id. */
export async function stop(measured: Measured, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (measured.child.exitCode !== null || measured.child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => measured.child.once('exit', () => resolve()));
  measured.child.kill(signal);
  const limit = setTimeout(() => measured.child.kill('SIGKILL'), STOP_MAX_MS);
  await gone;
  clearTimeout(limit);
}

/** User and system time of a process and all its threads so far, ms, as the kernel counts it. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process, MB. */
export function rssMb(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) / 1024;
}
