import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, type WriteStream } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** How a service of this clone is started. */
export type ServiceProgram = { name: string; command: string; args: readonly string[] };

export type FoundServices = {
  programs: ServiceProgram[];
  /** Why some were left out, each a sentence. */
  left: string[];
};

/** What can run a main file, by its ending, and the programs it needs. */
const LANGUAGES = [
  { ending: 'ts', command: process.execPath, needs: [] },
  // The container image has the services as JavaScript.
  { ending: 'js', command: process.execPath, needs: [] },
  { ending: 'py', command: 'python3', needs: ['python3'] },
  { ending: 'sh', command: 'bash', needs: ['bash', 'curl'] },
] as const;

/** Every `main` of services/: in the folder itself, in its src, or in the folders of its src. */
export function findServices(root: string): FoundServices {
  const found: FoundServices = { programs: [], left: [] };
  for (const folder of foldersIn(join(root, 'services'))) {
    const mains = [folder, join(folder, 'src'), ...foldersIn(join(folder, 'src'))]
      .map((place) => LANGUAGES.map((language) => ({ language, file: join(place, `main.${language.ending}`) })))
      .map((candidates) => candidates.filter(({ file }) => existsSync(file)))
      .find((candidates) => candidates.length > 0);
    for (const { language, file } of mains ?? []) {
      const name = basename(folder);
      const missing = language.needs.filter((program) => !isOnPath(program));
      if (missing.length === 0) found.programs.push({ name, command: language.command, args: [file] });
      else found.left.push(`${relative(root, file)} needs ${missing.join(' and ')}, not found here`);
    }
  }
  return found;
}

export type RunningServices = {
  /** Resolves when a service ends that nobody asked to end. */
  readonly failed: Promise<{ name: string; log: string; code: string }>;
  close: () => Promise<void>;
};

/** A service that has not ended by then is killed: its attempts come again after their lease. */
const STOP_TIMEOUT_MS = 5_000;

/** Starts each program as a process of its own, which writes into a log of its own. */
export function startServices(options: {
  programs: readonly ServiceProgram[];
  logFolder: string;
  env: NodeJS.ProcessEnv;
  onLine?: (name: string, line: string) => void;
}): RunningServices {
  const { programs, logFolder, env, onLine } = options;
  mkdirSync(logFolder, { recursive: true });
  const { promise: failed, resolve } = Promise.withResolvers<{ name: string; log: string; code: string }>();
  let closing = false;
  const running = programs.map(({ name, command, args }) => {
    const log = join(logFolder, `${name}.log`);
    const file = createWriteStream(log, { flags: 'w' });
    // A group of its own: Ctrl-C reaches us, and we end the services in order.
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    keepOutput(child, file, (line) => onLine?.(name, line));
    const ended = Promise.withResolvers<void>();
    child.on('error', (error) => {
      resolve({ name, log, code: error.message });
      ended.resolve();
    });
    child.on('exit', (code, signal) => {
      if (!closing) resolve({ name, log, code: signal ?? `exit code ${code}` });
      ended.resolve();
    });
    return { child, ended: ended.promise };
  });
  // However this process ends, short of SIGKILL, nothing of it stays behind.
  const killAll = (): void => {
    for (const { child } of running) if (isRunning(child)) signalGroup(child, 'SIGTERM');
  };
  process.once('exit', killAll);
  return {
    failed,
    close: async () => {
      closing = true;
      await Promise.all(running.map(stop));
      process.off('exit', killAll);
    },
  };
}

async function stop({ child, ended }: { child: ChildProcess; ended: Promise<void> }): Promise<void> {
  if (!isRunning(child)) return;
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** The whole group, because a script's child may be a curl that waits for work. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It ended between the question and the signal.
  }
}

function keepOutput(child: ChildProcess, file: WriteStream, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      file.write(chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
  }
  child.on('close', () => file.end());
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map((entry) => join(folder, entry.name))
    .toSorted();
}

function isOnPath(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
