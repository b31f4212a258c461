import { readFileSync } from 'node:fs';
import { ownValue, runStateFilterSchema } from '@slipway/contract';
import { settingTable, unknownVariables } from '@slipway/control-plane/settings';
import { Command, CommanderError, Help, Option } from 'commander';
import { addControl, addDeleting, addSettingsUpload } from './control-program.ts';
import { addEvaluating, addEvaluationReading, addFileUploads } from './evaluation-program.ts';
import { badUsage, exitCode } from './exit-code.ts';
import { addKit } from './kit-program.ts';
import {
  type EventsOptions,
  labelOption,
  limitOption,
  type OutputOptions,
  outputOption,
  parseSeconds,
  projectOption,
  type RunsOptions,
  SERVER_GROUP,
  type ServerOptions,
  waitOption,
} from './options.ts';
import { shown } from './output/paint.ts';
import { openTerminal } from './output/terminal.ts';
import { addSubscribing, addSubscriptionReading } from './subscription-program.ts';
import { type Act, type Deed, filtered, withServer } from './with-server.ts';

/** Longer than that nobody should sit in front of a terminal; a pipeline says its own limit. */
const WAIT_DEFAULT_SECONDS = 600;

/** Runs the command line and says with what exit code the process should end. */
export async function main(argv: readonly string[]): Promise<number> {
  const outcome: Outcome = { code: exitCode.done };
  try {
    await createProgram(outcome).parseAsync(argv, { from: 'user' });
    return outcome.code;
  } catch (error) {
    // Commander has printed its message, with the nearest name, already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.refused;
    throw error;
  }
}

type Outcome = { code: number };

/** In short what docs/protocol.md says of them. */
const EXIT_CODES: readonly (readonly [text: string, means: string])[] = [
  [`${exitCode.done}  `, 'done; or the run passed, perhaps with a warning'],
  [`${exitCode.runFailed}  `, 'the run failed'],
  [`${exitCode.refused}  `, 'bad usage, or the server refused the input'],
  [`${exitCode.unreachable}  `, 'the server could not be reached, or could not serve'],
  [`${exitCode.timedOut}  `, 'timed out waiting; the run goes on'],
  [`${exitCode.interrupted}`, 'interrupted'],
];

function createProgram(outcome: Outcome): Command {
  const program = new Command('slipway')
    .description('Event-driven sequences: run the control plane, and talk to one.')
    .version(ownVersion())
    .configureHelp({ groupItems: serverLast })
    .configureOutput({
      writeOut: (text) => process.stdout.write(shownText(text)),
      writeErr: (text) => process.stderr.write(shownText(text)),
    })
    // So that `get shipyard --version 4f2a` is not about the version of this program.
    .enablePositionalOptions()
    .exitOverride();

  async function act(options: OutputOptions, deed: Deed): Promise<void> {
    const terminal = openTerminal(options.output);
    try {
      const unknown = unknownVariables(process.env).map((problem) => problem.message);
      if (unknown.length > 0) throw badUsage(unknown.join('\n'));
      outcome.code = await deed(terminal);
    } catch (error) {
      const { failureOf, printFailure } = await import('./output/failure.ts');
      const failure = failureOf(error);
      printFailure(failure, terminal);
      outcome.code = failure.exitCode;
    }
  }

  program.addHelpText('after', '\nTo see one sequence run: slipway dev');
  program.addHelpText('after', `\nExit codes:\n${EXIT_CODES.map(([code, means]) => `  ${code}  ${means}\n`).join('')}`);
  program.commandsGroup('To run it:');
  addServing(program, act);
  program.commandsGroup('Shipyards and events:');
  addShipyard(program, act);
  addTriggering(program, act);
  program.commandsGroup('Runs:');
  addReading(program, act);
  addControl(program, act);
  program.commandsGroup('Quality gates:');
  addEvaluating(program, act);
  addSlo(program, act);
  program.commandsGroup('Task services:');
  addKit(program, act);
  program.commandsGroup('Other:');
  addSubscribing(program, act);
  addDeleting(program, act);
  program.helpCommand('help [command]', 'this, or the help of a command');
  pointToHelp(program, 'slipway');
  return program;
}

/** Help and mistakes in usage, which repeat the arguments. */
function shownText(text: string): string {
  return text.split('\n').map(shown).join('\n');
}

/** What nearly every command has comes after what this one is about. */
function serverLast<T extends Command | Option>(all: T[], shown: T[], groupOf: (item: T) => string): Map<string, T[]> {
  const groups = new Help().groupItems(all, shown, groupOf);
  const late = groups.get(SERVER_GROUP);
  if (late === undefined) return groups;
  groups.delete(SERVER_GROUP);
  return groups.set(SERVER_GROUP, late);
}

/** After a mistake in a command, its own help is what helps. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(${path} --help shows what there is)`);
  for (const part of command.commands) pointToHelp(part, `${path} ${part.name()}`);
}

function addServing(program: Command, act: Act): void {
  const serve = program.command('serve').description('run the control plane');
  for (const option of settingOptions()) serve.addOption(option);
  serve.addHelpText(
    'after',
    `\nEach flag has an environment variable: ${settingTable.map((one) => one.env).join(', ')}.`,
  );
  serve.action((flags: SettingFlags) =>
    act(TEXT, async (terminal) => {
      const { serve } = await import('./commands/serve.ts');
      return serve({ flags: flagsByName(flags), terminal });
    }),
  );

  const dev = program
    .command('dev')
    .description('run the control plane with the example services and shipyards, and one sequence to look at')
    .option('--once', 'end when that sequence has ended: 0 when it passed, 1 when it failed')
    .option('--verbose', 'show what the services print');
  for (const option of settingOptions()) dev.addOption(option);
  dev.action(({ once = false, verbose = false, ...flags }: SettingFlags & { once?: boolean; verbose?: boolean }) =>
    act(TEXT, async (terminal) => {
      const { dev } = await import('./commands/dev.ts');
      return dev({ flags: flagsByName(flags), once, verbose, terminal });
    }),
  );
}

function addShipyard(program: Command, act: Act): void {
  program
    .command('lint')
    .description('check shipyards, without a server')
    .argument('<file...>', 'YAML; - reads standard input')
    .addOption(outputOption())
    .action((files: string[], options: OutputOptions) =>
      act(options, async (terminal) => {
        const { lint } = await import('./commands/lint.ts');
        return lint({ files, terminal });
      }),
    );

  program
    .command('migrate')
    .description(
      'convert a shipyard of Keptn 0.1 to Keptn 0.2; parts without a counterpart are noted on standard error',
    )
    .argument('<file>', 'YAML; - reads standard input')
    .action((file: string) =>
      act({ output: 'text' }, async (terminal) => {
        const { migrate } = await import('./commands/migrate.ts');
        return migrate({ file, terminal });
      }),
    );

  const apply = withServer(program.command('apply'))
    .description('upload a shipyard; creates the project when it is not there')
    .argument('<file>', 'YAML; - reads standard input')
    .addOption(projectOption())
    .option('--dry-run', 'only check, on the server')
    .action((file: string, { project, ...options }: ServerOptions & { project?: string; dryRun?: boolean }) =>
      act(options, async (terminal) => {
        // Commander would ask for an option that is mandatory here in `apply slo` as well, which has its own.
        if (project === undefined) throw badUsage('--project is missing: name the project whose shipyard this is');
        const { apply } = await import('./commands/apply.ts');
        return apply({ ...options, project, file, terminal });
      }),
    );
  addFileUploads(apply, act);
  addSettingsUpload(apply, act);
}

function addTriggering(program: Command, act: Act): void {
  withServer(program.command('trigger'))
    .description('start a sequence')
    .argument('<stage.sequence>')
    .addOption(projectOption('default'))
    .option('-s, --service <name>', 'the service that the run is about')
    .option('-d, --data <json>', 'data of the event: JSON, @FILE, or - for standard input')
    .addOption(labelOption())
    .addOption(waitOption('wait for the result and show progress', WAIT_DEFAULT_SECONDS))
    .action(
      (
        sequence: string,
        options: ServerOptions & {
          project: string;
          service?: string;
          data?: string;
          label: Record<string, string>;
          wait?: number;
        },
      ) =>
        act(options, async (terminal) => {
          const { trigger } = await import('./commands/trigger.ts');
          return trigger({ ...options, sequence, terminal });
        }),
    );

  withServer(program.command('send'))
    .description('send an event, or an array of them, as it is')
    .argument('<file>', 'JSON; - reads standard input')
    .action((file: string, options: ServerOptions) =>
      act(options, async (terminal) => {
        const { send } = await import('./commands/send.ts');
        return send({ ...options, file, terminal });
      }),
    );

  withServer(program.command('watch'))
    .description('show the progress of a run until it ends')
    .argument('<run>')
    .addOption(
      new Option('-t, --timeout <seconds>', 'how long at most').default(WAIT_DEFAULT_SECONDS).argParser(parseSeconds),
    )
    .action((run: string, options: ServerOptions & { timeout: number }) =>
      act(options, async (terminal) => {
        const { watch } = await import('./commands/watch.ts');
        return watch({ ...options, run, terminal });
      }),
    );
}

function addReading(program: Command, act: Act): void {
  const get = program.command('get').description('list and show').helpCommand(false);

  filtered(withServer(get.command('runs')), `one of ${runStateFilterSchema.options.join(', ')}`)
    .description('runs, newest first')
    .option('--result <result>', 'pass, warning or fail')
    .addOption(limitOption())
    .option('--cursor <cursor>', 'the next page, as the page before said')
    .action((options: ServerOptions & RunsOptions) =>
      act(options, async (terminal) => {
        const { getRuns } = await import('./commands/get-runs.ts');
        return getRuns({ ...options, terminal });
      }),
    );

  withServer(get.command('run'))
    .description('one run with its tasks')
    .argument('<run>')
    .action((run: string, options: ServerOptions) =>
      act(options, async (terminal) => {
        const { getRun } = await import('./commands/get-runs.ts');
        return getRun({ ...options, run, terminal });
      }),
    );

  withServer(get.command('events'))
    .description('events that were taken and sent, newest first')
    .addOption(projectOption())
    .option('--run <id>', 'of one run, oldest first')
    .option('--type <type>', 'exactly this type, such as build.finished')
    .option('--source <source>', 'who sent it')
    .option('--stage <name>', 'in this stage')
    .option('-s, --service <name>', 'runs for this service')
    .option('--context <id>', 'of runs that follow from one trigger')
    .addOption(limitOption())
    .option('--cursor <cursor>', 'the next page, as the page before said')
    .action((options: ServerOptions & EventsOptions) =>
      act(options, async (terminal) => {
        const { getEvents } = await import('./commands/get-events.ts');
        return getEvents({ ...options, terminal });
      }),
    );

  withServer(get.command('services'))
    .description('the services of each task, and tasks without a connected service')
    .addOption(projectOption())
    .option('--task <name>')
    .action((options: ServerOptions & { project?: string; task?: string }) =>
      act(options, async (terminal) => {
        const { getServices } = await import('./commands/get-services.ts');
        return getServices({ ...options, terminal });
      }),
    );

  withServer(get.command('projects'))
    .description('all projects')
    .addOption(limitOption())
    .option('--cursor <cursor>', 'the next page, as the page before said')
    .action((options: ServerOptions & { limit: number; cursor?: string }) =>
      act(options, async (terminal) => {
        const { getProjects } = await import('./commands/get-projects.ts');
        return getProjects({ ...options, terminal });
      }),
    );

  withServer(get.command('project'))
    .description('one project with its settings')
    .argument('<name>')
    .action((project: string, options: ServerOptions) =>
      act(options, async (terminal) => {
        const { getProject } = await import('./commands/project.ts');
        return getProject({ ...options, project, terminal });
      }),
    );

  withServer(get.command('shipyard'))
    .description('the shipyard of a project, as it was sent')
    .addOption(projectOption('default'))
    .option('--version <version>', 'an earlier one')
    .option('--versions', 'list all')
    .action((options: ServerOptions & { project: string; version?: string; versions?: boolean }) =>
      act(options, async (terminal) => {
        const { getShipyard } = await import('./commands/get-projects.ts');
        return getShipyard({ ...options, terminal });
      }),
    );
  addSubscriptionReading(get, act);
  addEvaluationReading(get, act);
}

function addSlo(program: Command, act: Act): void {
  const slo = program
    .command('slo')
    .description('for authors of slo.yaml: check, explain and test it, without a server')
    .helpCommand(false);

  slo
    .command('lint')
    .description('check slo.yaml, and say where a quirk of Keptn will bite')
    .argument('[file...]', 'slo.yaml; - reads standard input')
    .option('--sli <file>', 'check this sli.yaml too: does each SLI of slo.yaml have a query?')
    .addOption(outputOption())
    .action((files: string[], options: OutputOptions & { sli?: string }) =>
      act(options, async (terminal) => {
        const { sloLintFiles } = await import('./commands/slo-lint.ts');
        return sloLintFiles({ ...options, files, terminal });
      }),
    );

  slo
    .command('explain')
    .description('judge values and explain the result: exit code 0 for pass and warning, else 1')
    .argument('<file>', 'slo.yaml; - reads standard input')
    .requiredOption(
      '--values <file>',
      'the measured values: a map from SLI to number, or records as a provider sends them',
    )
    .option('--history <file>', 'earlier runs, to compare with: a list of {id, result, time, indicators}')
    .option('--html <file>', 'write the report there as well: one page that needs no server')
    .addOption(outputOption())
    .action((file: string, options: OutputOptions & { values: string; history?: string; html?: string }) =>
      act(options, async (terminal) => {
        const { sloExplainFile } = await import('./commands/slo-explain.ts');
        return sloExplainFile({ ...options, file, terminal });
      }),
    );

  slo
    .command('test')
    .description('run the tests of SLOs in a file: 0 when all pass, else 1')
    .argument('<file>', 'YAML, see docs/evaluate/slo-tests.md; - reads standard input')
    .addOption(outputOption())
    .action((file: string, options: OutputOptions) =>
      act(options, async (terminal) => {
        const { sloTestFile } = await import('./commands/slo-test.ts');
        return sloTestFile({ file, terminal });
      }),
    );

  slo
    .command('import')
    .description('print OpenSLO v1 documents as slo.yaml, each objective as an error budget')
    .argument('<file>', 'YAML with SLOs, their SLIs and alert policies; - reads standard input')
    .option('--sli <file>', 'write the queries there, as sli.yaml')
    .addOption(outputOption())
    .action((file: string, options: OutputOptions & { sli?: string }) =>
      act(options, async (terminal) => {
        const { sloImport } = await import('./commands/slo-import.ts');
        return sloImport({ ...options, file, terminal });
      }),
    );

  slo
    .command('schema')
    .description('print the JSON Schema of slo.yaml, for editors')
    .action(() =>
      act(TEXT, async (terminal) => {
        const { sloSchema } = await import('./commands/slo-schema.ts');
        return sloSchema({ terminal });
      }),
    );
}

const TEXT: OutputOptions = { output: 'text' };

/** By commander's camel case. */
type SettingFlags = { [key: string]: string | undefined };

function settingOptions(): Option[] {
  return settingTable.map((one) => {
    const shown = one.default === undefined ? '' : ` (default: ${one.default})`;
    return new Option(`${one.flag} <${one.value}>`, one.description + shown);
  });
}

function flagsByName(flags: SettingFlags): Record<string, string> {
  return Object.fromEntries(
    settingOptions().flatMap((option) => {
      const value = ownValue(flags, option.attributeName());
      return value === undefined ? [] : [[option.long ?? '', value]];
    }),
  );
}

function ownVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return version;
}
