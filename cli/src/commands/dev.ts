import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RunView } from '@slipway/contract';
import type { Settings } from '@slipway/control-plane/settings';
import { type Client, createClient } from '@slipway/sdk';
import { CLI_SOURCE, readToken } from '../connection.ts';
import { findServices, type RunningServices, startServices } from '../dev/example-services.ts';
import { type Candidate, type Example, findShowcases, readExamples, type Showcase } from '../dev/examples.ts';
import { nextSteps } from '../dev/next-steps.ts';
import { badUsage, CommandFailure, exitCode } from '../exit-code.ts';
import type { Terminal } from '../output/terminal.ts';
import { tookText } from '../output/time.ts';
import { followRun } from '../progress/follow-run.ts';
import { exitCodeOf, resultLines } from '../progress/run-result.ts';
import { endColour, endWord } from '../progress/task-words.ts';
import { closeServer, END_SIGNALS, endWhenFailed, settingsOf, startServer } from './serve.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SERVICES_READY_MS = 20_000;
const LOOK_MS = 100;
const SHOWCASE_MAX_MS = 120_000;

/**
 * `slipway dev`: the control plane in this process, each example service in one of its own, every example applied, one
 * sequence started and shown. Then it stays, until Ctrl-C, or ends as that sequence did (`--once`).
 */
export async function dev(command: {
  flags: Record<string, string>;
  once: boolean;
  verbose: boolean;
  terminal: Terminal;
}): Promise<number> {
  const { flags, once, verbose, terminal } = command;
  const examples = readExamples(ROOT);
  const [best, ...others] = findShowcases(examples);
  if (best === undefined) {
    throw badUsage(
      `there are no examples in ${join(ROOT, 'shipyard-examples')}: dev needs a clone; elsewhere use serve`,
    );
  }
  // Who runs it once has no use for the address, and it must not be in the way of a Slipway that is there already.
  const settings = settingsOf(flags, { SLIPWAY_LOG_LEVEL: 'warn', ...(once ? { SLIPWAY_LISTEN: '127.0.0.1:0' } : {}) });
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  for (const name of END_SIGNALS) process.on(name, onSignal);

  const server = await startServer(settings);
  endWhenFailed(server, terminal);
  const token = settings.tokenFile === undefined ? undefined : readToken(settings.tokenFile);
  const client = createClient({ server: server.url, source: CLI_SOURCE, token });
  let services: RunningServices | undefined;
  try {
    const say = (title: string, text: string): void =>
      terminal.print(`${terminal.paint.bold(title.padEnd(14))} ${text}`);
    say('Control plane', `${server.url}, ${aboutSettings(settings)}`);
    services = startExampleServices({ settings, url: server.url, token, verbose, terminal, say });
    await applyExamples(client, examples);
    say('Examples', `applied, each as the project of its name: ${examples.map(({ project }) => project).join(', ')}`);
    const showcase = await chooseShowcase([best, ...others], { client, services, signal: interrupt.signal, say });

    const { run } = await client.trigger({ ...showcase, labels: { by: 'slipway-dev' } });
    terminal.print('', terminal.paint.dim(`$ ${triggerLine(showcase)}`), '');
    const { signal } = interrupt;
    const followed = await followRun({ client, id: run, terminal, timeoutMs: SHOWCASE_MAX_MS, signal });
    if (followed.end === 'interrupted') return exitCode.done;
    if (followed.end === 'timed-out') throw await showcaseStuck(client, run);
    terminal.print('', ...resultLines(followed.run, terminal.paint));
    if (once) return exitCodeOf(followed.run);

    terminal.print(
      '',
      ...(await nextSteps({ url: server.url, run, showcase, paint: terminal.paint, tokenFile: settings.tokenFile })),
    );
    await stay({ client, services, terminal, signal });
    return exitCode.done;
  } finally {
    if (interrupt.signal.aborted) terminal.note('', 'Ends the services and the control plane; the data stays.');
    client.close();
    await services?.close();
    for (const name of END_SIGNALS) process.off(name, onSignal);
    await closeServer(server);
  }
}

function aboutSettings(settings: Settings): string {
  const cluster = settings.postgresUrl === undefined ? 'MongoDB' : 'PostgreSQL';
  const isFile = settings.mongoUrl === undefined && settings.postgresUrl === undefined;
  const store = isFile ? `data in ${shownPath(settings.dataDir)}` : cluster;
  return settings.natsUrl === undefined
    ? `${store}, services connect over HTTP`
    : `${store}, services connect over NATS`;
}

/** What somebody would have typed. */
function triggerLine({ project, stage, sequence, service, data }: Showcase): string {
  const options = `--project ${project} --service ${service} --data '${JSON.stringify(data)}' --wait`;
  return `npx slipway trigger ${stage}.${sequence} ${options}`;
}

/** As short as it can be typed here. */
function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

function startExampleServices(options: {
  settings: Settings;
  url: string;
  token: string | undefined;
  verbose: boolean;
  terminal: Terminal;
  say: (title: string, text: string) => void;
}): RunningServices {
  const { settings, url, token, verbose, terminal, say } = options;
  const { programs, left } = findServices(ROOT);
  const logFolder = join(settings.dataDir, 'logs');
  const nats = settings.natsUrl === undefined ? {} : { SLIPWAY_NATS: settings.natsUrl };
  const shown = token === undefined ? {} : { SLIPWAY_TOKEN: token };
  const show = (name: string, line: string): void => terminal.note(`${name} | ${line}`);
  const services = startServices({
    programs,
    logFolder,
    env: { ...process.env, SLIPWAY_SERVER: url, ...shown, ...nats, ARCHIVE_FOLDER: join(settings.dataDir, 'archive') },
    ...(verbose ? { onLine: show } : {}),
  });
  const names = programs.map((program) => program.name).join(', ');
  say('Services', `${names}; their logs are in ${shownPath(logFolder)}`);
  for (const reason of left) say('', terminal.paint.yellow(reason));
  return services;
}

async function applyExamples(client: Client, examples: readonly Example[]): Promise<void> {
  for (const { project, text } of examples) await client.putShipyard({ project, body: text });
}

/**
 * The best showcase whose tasks are all served. A run would wait for its services by itself; this way nobody waits for one
 * that does not come, and the times are those of the work alone.
 */
async function chooseShowcase(
  candidates: readonly [Candidate, ...Candidate[]],
  context: {
    client: Client;
    services: RunningServices;
    signal: AbortSignal;
    say: (title: string, text: string) => void;
  },
): Promise<Showcase> {
  const { client, services, signal, say } = context;
  const [best] = candidates;
  let failed: Awaited<RunningServices['failed']> | undefined;
  void services.failed.then((found) => {
    failed = found;
  });
  for (const deadline = Date.now() + SERVICES_READY_MS; ; await delay(LOOK_MS)) {
    const { items } = await client.listServices();
    const connected = new Set(items.filter((service) => service.connected).map((service) => service.task));
    const missing = best.tasks.filter((task) => !connected.has(task));
    if (missing.length === 0 || signal.aborted) return best.showcase;
    if (failed === undefined && Date.now() < deadline) continue;
    if (failed !== undefined) say('', `the service ${failed.name} ended (${failed.code}), see ${failed.log}`);
    const chosen = candidates.find(({ tasks }) => tasks.every((task) => connected.has(task))) ?? best;
    if (chosen !== best)
      say('', `no service is connected for ${missing.join(', ')}, so dev shows ${chosen.showcase.project}`);
    return chosen.showcase;
  }
}

async function showcaseStuck(client: Client, run: string): Promise<CommandFailure> {
  const { reasons } = await client.whyRun({ run });
  return new CommandFailure(`run ${run} has not ended within ${SHOWCASE_MAX_MS / 1000} s`, {
    exitCode: exitCode.timedOut,
    details: reasons.map((reason) => reason.sentence),
  });
}

/** Tells of every run that ends, until somebody ends us. */
async function stay(options: {
  client: Client;
  services: RunningServices;
  terminal: Terminal;
  signal: AbortSignal;
}): Promise<void> {
  const { client, services, terminal, signal } = options;
  void services.failed.then(({ name, code, log }) => {
    if (!signal.aborted) terminal.note(terminal.errorPaint.yellow(`the service ${name} ended (${code}), see ${log}`));
  });
  const told = new Set<string>();
  for await (const item of client.stream({ kind: 'run' }, { signal })) {
    if (item.kind !== 'run' || item.run.state !== 'finished' || told.has(item.run.id)) continue;
    if (told.size >= TOLD_MAX) told.clear();
    told.add(item.run.id);
    terminal.print(endLine(item.run, terminal));
  }
}

/** Runs that are remembered as told. */
const TOLD_MAX = 10_000;

function endLine(
  run: Pick<
    RunView,
    'id' | 'stage' | 'sequence' | 'project' | 'result' | 'status' | 'state' | 'acceptedAt' | 'finishedAt'
  >,
  { paint }: Terminal,
): string {
  const took = run.finishedAt === undefined ? '' : ` in ${tookText(run.finishedAt - run.acceptedAt)}`;
  const name = `${run.stage}.${run.sequence}`;
  return `${name} ${paint.dim(`(${run.project})`)} ${endColour(run, paint)(endWord(run))}${took}  ${paint.dim(`run ${run.id}`)}`;
}
