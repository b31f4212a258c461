import type { EvaluatedSli, EvaluationSummary, WhatIfAnswer } from '@slipway/contract';
import { type Client, SlipwayProblem } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { badUsage, type ExitCode, exitCode } from '../exit-code.ts';
import { readInput } from '../input.ts';
import type { ServerOptions } from '../options.ts';
import { nextPageNote } from '../output/next-page.ts';
import { writePage } from '../output/page-file.ts';
import { firstLine, linesOf, type Paint } from '../output/paint.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';
import { userName } from '../user-name.ts';
import { watchRun } from './watch.ts';

export type EvaluateOptions = {
  project: string;
  stage: string;
  service: string;
  start?: string;
  end?: string;
  timeframe?: string;
  commit?: string;
  label: Record<string, string>;
  wait?: number;
};
export type EvaluationsOptions = {
  project: string;
  stage?: string;
  service?: string;
  result?: string;
  label: Record<string, string>;
  limit: number;
  cursor?: string;
};
export type WhatIfOptions = { slo?: string; baseline: readonly string[]; history: boolean; value: readonly string[] };

/** `slipway evaluate`: with --wait it ends with 0 only when the evaluation passed, perhaps with a warning. */
export function evaluate(command: ServerOptions & EvaluateOptions & { terminal: Terminal }): Promise<number> {
  const { project, stage, service, start, end, timeframe, commit, label, wait, terminal } = command;
  const body = {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(timeframe === undefined ? {} : { timeframe }),
    ...(commit === undefined ? {} : { gitCommitId: commit }),
    ...(Object.keys(label).length === 0 ? {} : { labels: label }),
  };
  return connected(command, async (client) => {
    const started = await client.startEvaluation({ project, stage, service, body });
    if (wait !== undefined) {
      const code = await watchRun({ client, run: started.run, terminal, timeoutMs: wait * 1000 });
      return code === exitCode.done ? verdictCode(client, started.run, terminal) : code;
    }
    if (terminal.format === 'json') terminal.printJson(started);
    else {
      const { run, correlationid, window } = started;
      terminal.print(`run ${run}, context ${correlationid}, from ${window.start} to ${window.end}`);
      terminal.note(terminal.errorPaint.dim(`slipway watch ${run}`));
    }
    return exitCode.done;
  });
}

/** A run can pass although its evaluation is inconclusive, or had nothing to judge. A gate must stay shut then. */
async function verdictCode(client: Client, id: string, terminal: Terminal): Promise<ExitCode> {
  const run = await client.getRun({ run: id });
  const attempt = run.tasks.findLast(({ uses }) => uses === 'evaluation')?.attempts.at(-1);
  if (attempt === undefined) return exitCode.done;
  try {
    const { verdict, why, slis } = await client.getEvaluation({ id: attempt.id });
    const because = why === undefined ? '' : `: ${why}`;
    if (slis === null) {
      terminal.note(...linesOf(terminal.errorPaint.red(`Warning: nothing was evaluated${because}`), 2));
      // Keptn counts this as a pass, and its users rely on it.
      return run.dialect === 'keptn' ? exitCode.done : exitCode.runFailed;
    }
    if (isOpen(verdict)) return exitCode.done;
    terminal.note(...linesOf(why ?? `Evaluation is ${verdict}`, 2));
    return exitCode.runFailed;
  } catch (error) {
    // Another service than ours may answer without what an evaluation is made of: its result stands.
    if (error instanceof SlipwayProblem && error.problem.status === 404) return exitCode.done;
    throw error;
  }
}

function isOpen(verdict: EvaluationSummary['verdict']): boolean {
  return verdict === 'pass' || verdict === 'warning';
}

/** `slipway get evaluations`. */
export function getEvaluations(command: ServerOptions & EvaluationsOptions & { terminal: Terminal }): Promise<number> {
  const { project, stage, service, result, label, limit, cursor, terminal } = command;
  return connected(command, async (client) => {
    const filter = { stage, service, result, labels: label, limit, cursor };
    const page = await client.listEvaluations({ project, ...filter });
    if (terminal.format === 'json') terminal.printJson(page);
    else if (page.items.length === 0) terminal.note('no evaluations');
    else {
      terminal.print(...formatTable(page.items, evaluationColumns(terminal), terminal.paint));
      nextPageNote(page.next, terminal);
    }
    return exitCode.done;
  });
}

/** `slipway get evaluation ID`. */
export function getEvaluation(
  command: ServerOptions & { id: string; html?: string; terminal: Terminal },
): Promise<number> {
  const { id, html, terminal } = command;
  return connected(command, async (client) => {
    const evaluation = await client.getEvaluation({ id });
    if (html !== undefined) writePage(html, await client.getEvaluationReport({ id }));
    if (terminal.format === 'json') terminal.printJson(evaluation);
    else terminal.print(...shown(evaluation, terminal));
    if (html !== undefined) terminal.note(terminal.errorPaint.dim(`the report is in ${html}`));
    return exitCode.done;
  });
}

/** `slipway invalidate|reinstate ID`. */
export function mark(
  command: ServerOptions & { id: string; deed: 'invalidate' | 'reinstate'; reason?: string; terminal: Terminal },
): Promise<number> {
  const { id, deed, reason, terminal } = command;
  const body = { author: userName(), ...(reason === undefined ? {} : { reason }) };
  return connected(command, async (client) => {
    const answer = await (deed === 'invalidate' ? client.invalidateEvaluation : client.reinstateEvaluation)({
      id,
      body,
    });
    if (terminal.format === 'json') terminal.printJson(answer);
    else {
      const is = answer.invalidated === undefined ? 'is used as a baseline again' : 'is not used as a baseline';
      terminal.print(`evaluation ${answer.id} ${is}`);
    }
    return exitCode.done;
  });
}

/** `slipway replay ID`. */
export function replay(command: ServerOptions & { id: string; terminal: Terminal }): Promise<number> {
  const { id, terminal } = command;
  return connected(command, async (client) => {
    const answer = await client.replayEvaluation({ id });
    if (terminal.format === 'json') terminal.printJson(answer);
    else if (answer.same) terminal.print(`the same, by the rules ${answer.rules.now}: ${answer.now.why}`);
    else terminal.print('another decision than the one that is stored:', ...answer.differences.map(line));
    return answer.same ? exitCode.done : exitCode.runFailed;
  });
}

/** `slipway what-if ID`. */
export async function whatIf(
  command: ServerOptions & WhatIfOptions & { id: string; terminal: Terminal },
): Promise<number> {
  const { id, slo, baseline, history, value, terminal } = command;
  if (!history && baseline.length > 0) throw badUsage('--no-history and --baseline exclude each other');
  const body = {
    ...(slo === undefined ? {} : { slo: await readInput(slo) }),
    ...(baseline.length === 0 && history ? {} : { baseline: [...baseline] }),
    ...(value.length === 0 ? {} : { values: Object.fromEntries(value.map(valueOfSli)) }),
  };
  return connected(command, async (client) => {
    const answer = await client.whatIfEvaluation({ id, body });
    if (terminal.format === 'json') terminal.printJson(answer);
    else terminal.print(...whatIfLines(answer, terminal));
    return isOpen(answer.after.verdict) ? exitCode.done : exitCode.runFailed;
  });
}

function valueOfSli(text: string): [string, number | null] {
  const at = text.lastIndexOf('=');
  const number = text.slice(at + 1);
  const value = Number(number);
  if (at <= 0 || !Number.isFinite(value))
    throw badUsage(`--value ${JSON.stringify(text)}: write SLI=NUMBER, or SLI= for none`);
  return [text.slice(0, at), number.trim() === '' ? null : value];
}

function whatIfLines({ differences, after }: WhatIfAnswer, { paint }: Terminal): string[] {
  if (differences.length === 0) return ['nothing would be different'];
  return [...differences.map(line), `${colour(after.verdict, paint)(after.verdict)}: ${after.why}`];
}

const line = (text: string): string => `- ${text}`;

function evaluationColumns({ paint }: Terminal): Column<EvaluationSummary>[] {
  const now = Date.now();
  return [
    { title: 'EVALUATION', value: ({ id }) => id },
    { title: 'STAGE', value: ({ stage }) => stage },
    { title: 'SERVICE', value: ({ service = '' }) => service },
    { title: 'RESULT', value: ({ verdict }) => colour(verdict, paint)(verdict) },
    { title: 'SCORE', value: ({ score }) => (score === null ? '' : number(score)), align: 'right' },
    { title: 'SLIS', value: ({ slis }) => slisInWords(slis ?? []) },
    { title: '', value: ({ invalidated }) => paint.yellow(invalidated ? 'invalidated' : '') },
    { title: 'WHEN', value: ({ at }) => relativeTime(at, now) },
  ];
}

function slisInWords(slis: readonly EvaluatedSli[]): string {
  const failed = slis.filter(({ status }) => status !== 'pass' && status !== 'info').map(({ sli }) => sli);
  if (failed.length === 0) return slis.length === 0 ? '' : `all ${slis.length} hold`;
  return failed.length > 3 ? `${failed.slice(0, 3).join(', ')} and ${failed.length - 3} more` : failed.join(', ');
}

function shown(evaluation: EvaluationSummary, { paint }: Terminal): string[] {
  const { verdict, score, why, message, slis, invalidated, versions, window } = evaluation;
  const place = [evaluation.project, evaluation.stage, evaluation.service].filter((part) => part !== undefined);
  const total = score === null ? '' : ` with a score of ${number(score)}`;
  const columns: Column<EvaluatedSli>[] = [
    { title: 'SLI', value: (sli) => (sli.displayName ?? sli.sli) + (sli.keySli ? ' (key)' : '') },
    { title: 'STATUS', value: ({ status }) => colour(status, paint)(status) },
    { title: 'VALUE', value: ({ value }) => (value === null ? '-' : number(value)), align: 'right' },
    { title: 'BASELINE', value: ({ baseline }) => (baseline === null ? '-' : number(baseline)), align: 'right' },
    { title: 'MESSAGE', value: (sli) => firstLine(sli.message ?? '') },
  ];
  return [
    `${place.join('/')}: ${colour(verdict, paint)(verdict)}${total}`,
    ...linesOf(why ?? message ?? '', 2),
    ...(slis === null || slis.length === 0 ? [] : ['', ...formatTable(slis, columns, paint)]),
    '',
    `${paint.bold('Run:')} ${evaluation.run}`,
    ...(window === undefined ? [] : [`${paint.bold('Window:')} ${window.start} to ${window.end}`]),
    ...(versions?.slo === undefined ? [] : [`${paint.bold('slo.yaml:')} ${versions.slo}`]),
    ...(invalidated === undefined ? [] : [paint.yellow(`invalidated by ${saidBy(invalidated)}`)]),
  ].filter((text, index) => text !== '' || index > 1);
}

function saidBy({ author, reason }: NonNullable<EvaluationSummary['invalidated']>): string {
  return `${author ?? 'somebody'}${reason === undefined ? '' : `: ${reason}`}`;
}

function colour(status: string, paint: Paint): (text: string) => string {
  if (status === 'pass') return paint.green;
  if (status === 'fail') return paint.red;
  return status === 'info' ? paint.dim : paint.yellow;
}

const number = (value: number): string => String(Number(value.toPrecision(6)));
