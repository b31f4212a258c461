import { type Command, Option } from 'commander';
import type { EvaluateOptions, EvaluationsOptions, WhatIfOptions } from './commands/evaluations.ts';
import type { FileOptions, GetFileOptions } from './commands/resources.ts';
import { labelOption, limitOption, projectOption, type ServerOptions, waitOption } from './options.ts';
import { type Act, withServer } from './with-server.ts';

/** An evaluation asks for values, which may come late. */
const WAIT_DEFAULT_SECONDS = 600;
const CURSOR = ['--cursor <cursor>', 'the next page, as the page before said'] as const;

const repeated = (text: string, before: readonly string[]): string[] => [...before, text];

/** `slipway apply slo FILE`, `slipway apply sli FILE`. */
export function addFileUploads(apply: Command, act: Act): void {
  for (const kind of ['slo', 'sli'] as const) {
    const whose = kind === 'slo' ? 'of a service in a stage' : 'of a service, of a stage, or of the whole project';
    placed(withServer(apply.command(kind)), kind)
      .description(`upload the ${kind}.yaml ${whose}`)
      .argument('<file>', 'YAML; - reads standard input')
      .option('--dry-run', 'only check, on the server')
      .option('--replaces <version>', 'only when this version is the one in use')
      .action((file: string, options: FileOptions) =>
        act(options, async (terminal) => {
          const { applyFile } = await import('./commands/resources.ts');
          return applyFile({ ...options, kind, file, terminal });
        }),
      );
  }
}

export function addEvaluationReading(get: Command, act: Act): void {
  for (const kind of ['slo', 'sli'] as const) {
    const command = placed(withServer(get.command(kind)), kind)
      .description(`the ${kind}.yaml in use, as it was sent`)
      .option('--version <version>', 'an earlier one')
      .option('--versions', 'list all');
    if (kind === 'sli') command.option('--merged', 'all queries of a service, with those of its stage and project');
    command.action((options: GetFileOptions) =>
      act(options, async (terminal) => {
        const { getFile } = await import('./commands/resources.ts');
        return getFile({ ...options, kind, terminal });
      }),
    );
  }

  withServer(get.command('evaluations'))
    .description('evaluations, newest first')
    .addOption(projectOption('default'))
    .option('--stage <name>')
    .option('-s, --service <name>')
    .option('--result <results>', 'pass, warning or fail; several with commas')
    .addOption(labelOption())
    .addOption(limitOption())
    .option(...CURSOR)
    .action((options: ServerOptions & EvaluationsOptions) =>
      act(options, async (terminal) => {
        const { getEvaluations } = await import('./commands/evaluations.ts');
        return getEvaluations({ ...options, terminal });
      }),
    );

  withServer(get.command('evaluation'))
    .description('one evaluation, with the sentence why and its SLIs')
    .argument('<id>', 'its own, or that of its finished event')
    .option('--html <file>', 'write the report there as well: one page that needs no server')
    .action((id: string, options: ServerOptions & { html?: string }) =>
      act(options, async (terminal) => {
        const { getEvaluation } = await import('./commands/evaluations.ts');
        return getEvaluation({ ...options, id, terminal });
      }),
    );

  withServer(get.command('context'))
    .description('all runs that follow from one trigger, as a tree')
    .argument('<id>')
    .action((id: string, options: ServerOptions) =>
      act(options, async (terminal) => {
        const { getContext } = await import('./commands/get-context.ts');
        return getContext({ ...options, id, terminal });
      }),
    );

  withServer(get.command('event'))
    .description('one event, as JSON')
    .argument('<id>')
    .option('--source <source>', 'where two senders used the same id')
    .action((id: string, options: ServerOptions & { source?: string }) =>
      act(options, async (terminal) => {
        const { getEvent } = await import('./commands/get-events.ts');
        return getEvent({ ...options, id, terminal });
      }),
    );
}

export function addEvaluating(program: Command, act: Act): void {
  withServer(program.command('evaluate'))
    .description('judge a span of time of a service; the last five minutes when none is given')
    .addOption(projectOption('default'))
    .requiredOption('--stage <name>')
    .requiredOption('-s, --service <name>')
    .option('--start <time>', 'ISO 8601; with --end or --timeframe')
    .option('--end <time>', 'ISO 8601; with --start')
    .option('--timeframe <duration>', 'such as 5m or 1h30m: from --start, or until now')
    .option('--commit <id>', 'the git commit that is judged')
    .addOption(labelOption())
    .addOption(waitOption('wait for the result and show progress', WAIT_DEFAULT_SECONDS))
    .action((options: ServerOptions & EvaluateOptions) =>
      act(options, async (terminal) => {
        const { evaluate } = await import('./commands/evaluations.ts');
        return evaluate({ ...options, terminal });
      }),
    );

  const deeds = {
    invalidate: 'keep an evaluation from being a baseline',
    reinstate: 'let an invalidated evaluation be a baseline again',
  } as const;
  for (const deed of ['invalidate', 'reinstate'] as const) {
    withServer(program.command(deed))
      .description(deeds[deed])
      .argument('<evaluation>')
      .option('--reason <text>', 'kept with it')
      .action((id: string, options: ServerOptions & { reason?: string }) =>
        act(options, async (terminal) => {
          const { mark } = await import('./commands/evaluations.ts');
          return mark({ ...options, id, deed, terminal });
        }),
      );
  }

  withServer(program.command('replay'))
    .description('judge a stored evaluation again: exit code 0 when the result is the same, else 1')
    .argument('<evaluation>')
    .action((id: string, options: ServerOptions) =>
      act(options, async (terminal) => {
        const { replay } = await import('./commands/evaluations.ts');
        return replay({ ...options, id, terminal });
      }),
    );

  withServer(program.command('what-if'))
    .description('judge with another SLO, baseline or value: exit code 0 for pass and warning, else 1')
    .argument('<evaluation>')
    .option('--slo <file>', 'another slo.yaml; - reads standard input')
    .addOption(
      new Option('--baseline <id>', 'another earlier evaluation; may be repeated')
        .default([], 'none')
        .argParser(repeated),
    )
    .option('--no-history', 'as if there were no earlier evaluation')
    .addOption(
      new Option('--value <sli=number>', 'another value; without the number, none; may be repeated')
        .default([], 'none')
        .argParser(repeated),
    )
    .action((id: string, options: ServerOptions & WhatIfOptions) =>
      act(options, async (terminal) => {
        const { whatIf } = await import('./commands/evaluations.ts');
        return whatIf({ ...options, id, terminal });
      }),
    );
}

/** Whose file it is. */
function placed(command: Command, kind: 'slo' | 'sli'): Command {
  command.addOption(projectOption().makeOptionMandatory());
  const stage = new Option('--stage <name>', 'the stage');
  const service = new Option('-s, --service <name>', 'the service that is judged');
  return command
    .addOption(kind === 'slo' ? stage.makeOptionMandatory() : stage)
    .addOption(kind === 'slo' ? service.makeOptionMandatory() : service);
}
