import { readSettings, type Settings } from '@slipway/control-plane/settings';
import { badUsage, CommandFailure, exitCode } from '../exit-code.ts';
import type { Terminal } from '../output/terminal.ts';

export type RunningServer = { url: string; close: () => Promise<void>; failed: Promise<Error> };

/** A control plane that has not let go by then is left where it is: what remains is delivered again. */
const CLOSE_TIMEOUT_MS = 25_000;

/** `slipway serve`: runs until somebody ends it. */
export async function serve(command: { flags: Record<string, string>; terminal: Terminal }): Promise<number> {
  const { terminal } = command;
  const server = await startServer(settingsOf(command.flags));
  // Before anybody is told that it runs: who ends it at once is heard.
  const ending = nextSignal();
  endWhenFailed(server, terminal);
  terminal.print(`Slipway listens on ${server.url}`);
  const signal = await ending;
  terminal.note(`${signal}: finishes running requests, then exits; send it again to exit at once`);
  await closeServer(server);
  return exitCode.done;
}

/** What is under way cannot be brought to an end any more. It is as after any crash: the next start goes on where it was. */
export function endWhenFailed(server: RunningServer, terminal: Terminal): void {
  void server.failed.then((error) => {
    terminal.note(`cannot go on: ${error.message}. Nothing that was acknowledged is lost: start it again`);
    process.exit(exitCode.unreachable);
  });
}

/** Settings from flags and environment, or a failure that names every problem. */
export function settingsOf(flags: Record<string, string>, defaults: Record<string, string> = {}): Settings {
  const read = readSettings(flags, { ...defaults, ...setVariables(process.env) });
  if (read.ok) return read.settings;
  const [first, ...more] = read.problems.map(({ where, message }) =>
    message.startsWith(where) ? message : `${where}: ${message}`,
  );
  throw badUsage(first ?? 'bad settings', more);
}

/** Loads the control plane only now, because no other command needs it. */
export async function startServer(settings: Settings): Promise<RunningServer> {
  const { startControlPlane } = await import('@slipway/control-plane');
  try {
    return await startControlPlane(settings);
  } catch (error) {
    throw startFailure(error);
  }
}

/** Closes it, but not for longer than a person or an orchestrator waits; a second signal ends the wait. */
export async function closeServer(server: RunningServer): Promise<void> {
  const { promise: waitedEnough, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
  void nextSignal().then(() => resolve());
  await Promise.race([server.close(), waitedEnough]);
  clearTimeout(timer);
}

/** SIGHUP: the terminal is closed. */
export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function nextSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const name of END_SIGNALS) process.once(name, resolve);
  return promise.finally(() => {
    for (const name of END_SIGNALS) process.off(name, resolve);
  });
}

/** What was asked for cannot be (2), or what it needs is away or taken (3). */
function startFailure(error: unknown): CommandFailure {
  const away =
    error instanceof Error && (['StoreUnavailable', 'BusUnavailable'].includes(error.name) || isTaken(error));
  const [reason = '', ...details] = (error instanceof Error ? error.message : String(error)).split('\n');
  return new CommandFailure(`could not start: ${reason}`, {
    exitCode: away ? exitCode.unreachable : exitCode.refused,
    details,
    cause: error,
  });
}

/** Somebody else listens there: as with a data folder that another Slipway uses, the same command may work later. */
function isTaken({ cause }: Error): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
}

function setVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}
