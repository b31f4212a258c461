import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onPath } from './command.ts';
import { freePort } from './port.ts';

/** A real server in its own process, listening on 127.0.0.1, for as long as a test wants it. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where it keeps its data; give it to the next start together with the port, and the server is back with what it kept. */
  readonly storeDir: string;
  /** Ends it in its own way, and removes the data unless the caller chose the folder. */
  stop(): Promise<void>;
  /** kill -9. The data stay as they are, until `stop`. */
  kill(): Promise<void>;
}

export interface TestServerOptions {
  /** A free one when it is not given. */
  readonly port?: number;
  /** A new one below the system's temporary folder when it is not given. */
  readonly storeDir?: string;
}

interface Launch {
  readonly name: string;
  readonly options: TestServerOptions;
  readonly command: (at: { port: number; storeDir: string }) => { file: string; args: string[] };
  readonly url: (port: number) => string;
  /** What the server says first to whoever connects, when it is one that speaks first. */
  readonly greeting?: string;
  /** What its own output says once it takes work, when it accepts connections before that. */
  readonly says?: RegExp;
  readonly stopTimeoutMs: number;
  /** Runs it as this user; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Its processes beside the first one, which kill -9 ends too. */
  readonly hasChildren?: boolean;
}

const READY_TIMEOUT_MS = 60_000;
const READY_PROBE_MS = 25;
/** A free port can be taken by somebody else before the server has it. */
const PORT_ATTEMPTS = 4;

export async function launch(spec: Launch): Promise<TestServer> {
  const ownDir = spec.options.storeDir === undefined;
  const storeDir = spec.options.storeDir ?? mkdtempSync(join(tmpdir(), `slipway-${spec.name}-`));
  for (let attempt = 1; ; attempt += 1) {
    const port = spec.options.port ?? (await freePort());
    const { file, args } = spec.command({ port, storeDir });
    const running = start(file, args, spec.user);
    try {
      await ready(running, port, spec);
    } catch (error) {
      await end(running.child, 'SIGKILL', spec.stopTimeoutMs);
      if (spec.options.port === undefined && attempt < PORT_ATTEMPTS) continue;
      if (ownDir) rmSync(storeDir, { recursive: true, force: true });
      throw error;
    }
    const stop = async (): Promise<void> => {
      // Nobody will look at data of our own again, so there is no reason to wait for a tidy end.
      await end(running.child, ownDir ? 'SIGKILL' : 'SIGTERM', spec.stopTimeoutMs);
      if (ownDir) rmSync(storeDir, { recursive: true, force: true });
    };
    return {
      url: spec.url(port),
      port,
      pid: running.pid,
      storeDir,
      stop,
      kill: async () => {
        const children = spec.hasChildren ? childrenOf(running.pid) : [];
        await end(running.child, 'SIGKILL', spec.stopTimeoutMs);
        for (const pid of children) await killProcess(pid);
      },
      [Symbol.asyncDispose]: stop,
    };
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly output: () => string;
}

/** Servers that this process has started and not ended yet. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

function start(file: string, args: string[], user: Launch['user']): Running {
  // A test worker that is killed runs no exit handler: the kernel ends the server for it, where it offers to.
  const setpriv = onPath('setpriv');
  const as = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const child = setpriv
    ? spawn(setpriv, [...as, '--pdeathsig', 'KILL', '--', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...user });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-8192);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(`${error.message}\n`)));
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  return { child, pid: child.pid ?? -1, output: () => output };
}

async function ready({ child, output }: Running, port: number, { name, greeting, says }: Launch): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (hasEnded(child) || child.pid === undefined) {
      throw new Error(`${name} ended before it was ready on port ${port}:\n${output()}`);
    }
    // Somebody else may answer on this port while our server is about to fail on it: ask whether it lives afterwards.
    if ((await answers(port, greeting)) && (says?.test(output()) ?? true) && !hasEnded(child)) return;
    await new Promise((resolve) => setTimeout(resolve, READY_PROBE_MS));
  }
  throw new Error(`${name} did not answer on port ${port} within ${READY_TIMEOUT_MS} ms:\n${output()}`);
}

/** True when something accepts a connection there and, if a greeting is asked for, says it. */
function answers(port: number, greeting: string | undefined): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
  const settle = (answer: boolean): void => {
    socket.destroy();
    resolve(answer);
  };
  socket.on('error', () => settle(false));
  socket.on('timeout', () => settle(false));
  socket.on('close', () => settle(false));
  socket.on('connect', () => {
    if (greeting === undefined) settle(true);
  });
  socket.on('data', (chunk: Buffer) => settle(greeting === undefined || chunk.toString().includes(greeting)));
  return promise;
}

/** Linux only; elsewhere a server's children end by themselves. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

async function killProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
    for (let left = 200; left > 0; left -= 1) {
      process.kill(pid, 0);
      await new Promise((resolve) => setTimeout(resolve, READY_PROBE_MS));
    }
  } catch {
    // It has ended.
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL', timeoutMs: number): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(force);
}
