import { randomUUID } from 'node:crypto';
import { type AttemptView, parseAttemptId, type Result, type RunView } from '@slipway/contract';
import { connected } from '../connection.ts';
import { badUsage, CommandFailure, exitCode } from '../exit-code.ts';
import { readJsonArgument } from '../input.ts';
import type { ServerOptions } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { openAttempts } from '../progress/open-attempts.ts';
import { userName } from '../user-name.ts';

export type AnswerOptions = { result: Result; data?: string; message?: string; source?: string };

/** By this source the server knows that a person answers: it ends the attempt, and the history names the author. */
const BY_HAND = '/cli/by-hand';

/** `slipway answer ATTEMPT`: what a service would send, sent by a person. */
export async function answer(
  command: ServerOptions & AnswerOptions & { attempt: string; terminal: Terminal },
): Promise<number> {
  const { result, source: onbehalfof, terminal } = command;
  const by = userName();
  const message = onbehalfof === undefined ? command.message : `${command.message ?? 'answered'} (by hand, by ${by})`;
  const ref = parseAttemptId(command.attempt);
  if (ref === undefined) {
    throw badUsage(`${JSON.stringify(command.attempt)} is not an attempt: write RUN.TASK.NUMBER`, [
      'slipway get run RUN names those that are open',
    ]);
  }
  const output = command.data === undefined ? {} : await readJsonArgument(command.data, '--data');
  return connected(command, async (client) => {
    const run = await client.getRun({ run: ref.run });
    const task = run.tasks.find(({ key }) => key === ref.task);
    const attempt = task?.attempts.find(({ id }) => id === command.attempt);
    if (task === undefined || attempt === undefined) throw unknownAttempt(command.attempt, run);
    const holders = othersOn(attempt, onbehalfof);
    if (holders.length > 0) throw held(attempt, holders);
    const { project, stage, service } = run;
    const event = {
      ...{ specversion: '1.0', id: randomUUID(), source: BY_HAND, time: new Date().toISOString() },
      ...{ type: `${task.uses}.finished`, correlationid: run.correlationid, causationid: attempt.id },
      ...{ by, ...(onbehalfof === undefined ? {} : { onbehalfof }) },
      data: { project, stage, service, result, status: 'succeeded', message, [task.uses]: output },
    };
    const accepted = await client.sendEvents({ body: event });
    if (terminal.format === 'json') terminal.printJson(accepted);
    else terminal.print(`'${task.key}' of run ${run.id} is answered with ${result}`);
    return exitCode.done;
  });
}

function unknownAttempt(id: string, run: RunView): CommandFailure {
  const open = openAttempts(run).map((one) => one.attempt.id);
  return new CommandFailure(`run ${run.id} has no attempt ${JSON.stringify(id)}`, {
    exitCode: exitCode.refused,
    details: [open.length === 0 ? 'none of its attempts is open' : `open now: ${open.join(', ')}`],
    problem: { code: 'unknown-attempt', detail: `run ${run.id} has no attempt ${id}`, open },
  });
}

/** Services that work on the attempt, which an answer by hand takes away from them: only one that is named loses it. */
function othersOn({ executors }: AttemptView, source: string | undefined): string[] {
  return executors.filter((one) => one.finishedAt === undefined && one.source !== source).map((one) => one.source);
}

function held({ id }: AttemptView, holders: readonly string[]): CommandFailure {
  const [first = ''] = holders;
  const detail = `${holders.join(' and ')} works on ${id}, and an answer by hand would end that work`;
  return new CommandFailure(detail, {
    exitCode: exitCode.refused,
    details: [
      'wait until it has answered, or until its lease lapses',
      `to answer instead of it: --source ${first}`,
      `to end the run: slipway abort ${parseAttemptId(id)?.run ?? 'RUN'}`,
    ],
    problem: { code: 'not-allowed-now', detail, holders },
  });
}
