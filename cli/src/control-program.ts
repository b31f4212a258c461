import { type Command, Option } from 'commander';
import type { AbortOptions } from './commands/abort.ts';
import type { AnswerOptions } from './commands/answer.ts';
import { badUsage } from './exit-code.ts';
import { projectOption, type ServerOptions } from './options.ts';
import { type Act, filtered, withServer } from './with-server.ts';

const REASON = ['--reason <text>', 'kept in the history of the run'] as const;
const YES = ['-y, --yes', 'without asking'] as const;

/** What a person does to runs. */
export function addControl(program: Command, act: Act): void {
  const descriptions = { pause: 'no new attempts; those that run may finish', resume: 'go on after a pause' } as const;
  for (const name of ['pause', 'resume'] as const) {
    withServer(program.command(name))
      .description(descriptions[name])
      .argument('<run>')
      .option(...REASON)
      .action((run: string, options: ServerOptions & { reason?: string }) =>
        act(options, async (terminal) => {
          const { control } = await import('./commands/control.ts');
          return control({ ...options, run, command: name, terminal });
        }),
      );
  }

  filtered(withServer(program.command('abort')), 'an open one, as `get runs` has them')
    .description('end runs; attempts that run are cancelled')
    .argument('[run...]', 'or a filter, of which every open run is meant')
    .option('--all', 'every open run there is')
    .option(...REASON)
    .option('--dry-run', 'only list them')
    .option(...YES)
    .action((runs: string[], options: ServerOptions & AbortOptions) =>
      act(options, async (terminal) => {
        const { abort } = await import('./commands/abort.ts');
        return abort({ ...options, runs, terminal });
      }),
    );

  // Not offered: people who look for it get the way that there is, and not `replay`, which has a similar name.
  program
    .command('retry [words...]', { hidden: true })
    .allowUnknownOption()
    .action(() =>
      act({ output: 'text' }, async () => {
        throw badUsage('there is no command to retry a run', [
          'to run its sequence again: slipway trigger STAGE.SEQUENCE',
          'to retry a task when it fails: `retry` in its shipyard, see docs/shipyard.md',
        ]);
      }),
    );

  withServer(program.command('answer'))
    .description('answer a task by hand, as its service would')
    .argument('<attempt>', 'RUN.TASK.NUMBER, as `get run` names it')
    .addOption(
      new Option('-r, --result <result>', 'the result of the task')
        .choices(['pass', 'warning', 'fail'])
        .makeOptionMandatory(),
    )
    .option('-d, --data <json>', 'what the task gives: JSON, @FILE, or - for standard input')
    .option('-m, --message <text>', 'for people')
    .option('--source <source>', 'instead of the service that works on it')
    .action((attempt: string, options: ServerOptions & AnswerOptions) =>
      act(options, async (terminal) => {
        const { answer } = await import('./commands/answer.ts');
        return answer({ ...options, attempt, terminal });
      }),
    );

  withServer(program.command('why'))
    .description('why a run waits, and what would help')
    .argument('<run>')
    .action((run: string, options: ServerOptions) =>
      act(options, async (terminal) => {
        const { why } = await import('./commands/why.ts');
        return why({ ...options, run, terminal });
      }),
    );
}

/** `slipway apply settings FILE`. */
export function addSettingsUpload(apply: Command, act: Act): void {
  withServer(apply.command('settings'))
    .description('change the settings of a project; creates it when it is not there')
    .argument('<file>', 'YAML or JSON, with the keys of PUT /v1/projects/NAME; - reads standard input')
    .addOption(projectOption().makeOptionMandatory())
    .action((file: string, options: ServerOptions & { project: string }) =>
      act(options, async (terminal) => {
        const { applySettings } = await import('./commands/project.ts');
        return applySettings({ ...options, file, terminal });
      }),
    );
}

/** `slipway delete project NAME`. */
export function addDeleting(program: Command, act: Act): void {
  const remove = program.command('delete').description('delete for good').helpCommand(false);
  withServer(remove.command('project'))
    .description('a project with its runs, their events and its shipyards; not while runs are open')
    .argument('<name>')
    .option('--dry-run', 'only count what would go')
    .option(...YES)
    .action((project: string, options: ServerOptions & { dryRun?: boolean; yes?: boolean }) =>
      act(options, async (terminal) => {
        const { deleteProject } = await import('./commands/project.ts');
        return deleteProject({ ...options, project, terminal });
      }),
    );
}
