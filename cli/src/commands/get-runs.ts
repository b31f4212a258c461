import { type RunSummary, resultSchema, runPhaseLabels, runStateFilterSchema } from '@slipway/contract';
import { connected } from '../connection.ts';
import { badUsage, exitCode } from '../exit-code.ts';
import type { RunFilter, RunsOptions, ServerOptions } from '../options.ts';
import { nextPageNote } from '../output/next-page.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime, tookText } from '../output/time.ts';
import { openAttempts } from '../progress/open-attempts.ts';
import { runFrame } from '../progress/run-frame.ts';
import { resultLines } from '../progress/run-result.ts';
import { colourOf } from '../progress/task-words.ts';
import { wholeRunId } from '../short-id.ts';

/** `slipway get runs`. */
export function getRuns(command: ServerOptions & RunsOptions & { terminal: Terminal }): Promise<number> {
  const { limit, cursor, terminal } = command;
  const result = word('--result', resultSchema, command.result);
  const filter = runQueryOf(command);
  return connected(command, async (client) => {
    const page = await client.listRuns({ ...filter, result, limit, cursor });
    if (terminal.format === 'json') terminal.printJson(page);
    else if (page.items.length === 0) terminal.note('no runs');
    else {
      terminal.print(...formatTable(page.items, runColumns(terminal), terminal.paint));
      nextPageNote(page.next, terminal);
    }
    return exitCode.done;
  });
}

/** The parameters of `GET /v1/runs`. */
export function runQueryOf({ project, stage, sequence, service, context, label, since, ...filter }: RunFilter) {
  const state = word('--state', runStateFilterSchema, filter.state);
  return { project, stage, sequence, service, state, correlationid: context, labels: label, since };
}

/** `slipway get run ID`. */
export function getRun(command: ServerOptions & { run: string; terminal: Terminal }): Promise<number> {
  const { run: id, terminal } = command;
  return connected(command, async (client) => {
    const run = await client.getRun({ run: await wholeRunId(client, id) });
    if (terminal.format === 'json') {
      terminal.printJson(run);
      return exitCode.done;
    }
    const { paint } = terminal;
    const now = Date.now();
    terminal.print(...runFrame(run, { now, paint }));
    terminal.print('', `${paint.bold('Context:')} ${run.correlationid}`);
    terminal.print(`${paint.bold('Accepted:')} ${relativeTime(run.acceptedAt, now)}, shipyard ${run.shipyardVersion}`);
    if (run.triggeredBy !== undefined) terminal.print(`${paint.bold('Triggered by run:')} ${run.triggeredBy}`);
    if (run.state === 'finished' || run.state === 'parked') terminal.print(...resultLines(run, paint));
    for (const { task, attempt } of openAttempts(run)) {
      terminal.print(`${paint.bold(`Open attempt of '${task.key}':`)} ${attempt.id}`);
    }
    if (run.commands.length > 0) terminal.print(`${paint.bold('Allowed now:')} ${run.commands.join(', ')}`);
    return exitCode.done;
  });
}

/** One run a line. */
export function runColumns({ paint }: Terminal): Column<RunSummary>[] {
  const now = Date.now();
  return [
    { title: 'RUN', value: (run) => run.id },
    { title: 'PROJECT', value: (run) => run.project },
    { title: 'SEQUENCE', value: (run) => `${run.stage}.${run.sequence}` },
    { title: 'SERVICE', value: (run) => run.service ?? '' },
    { title: 'STATE', value: (run) => colourOf(run, paint)(runPhaseLabels[run.phase]) },
    { title: 'TASKS', value: (run) => `${run.tasksDone}/${run.tasksTotal}`, align: 'right' },
    { title: 'NOW', value: (run) => run.openTasks.join(', ') },
    { title: 'DURATION', value: (run) => tookText((run.finishedAt ?? now) - run.acceptedAt), align: 'right' },
    { title: 'ACCEPTED', value: (run) => relativeTime(run.acceptedAt, now) },
  ];
}

/** One of the words of a filter, or a failure that lists them. */
function word<T extends string>(flag: string, { options }: { options: readonly T[] }, text?: string): T | undefined {
  const found = options.find((option) => option === text);
  if (text === undefined || found !== undefined) return found;
  throw badUsage(`${flag}: ${JSON.stringify(text)} is none of ${options.join(', ')}`);
}
