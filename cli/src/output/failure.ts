import type { Problem } from '@slipway/contract';
import { ServerUnreachable, SlipwayProblem } from '@slipway/sdk';
import { CommandFailure, exitCode } from '../exit-code.ts';
import { linesOf } from './paint.ts';
import type { Terminal } from './terminal.ts';

/** Errors of one problem that are shown; a shyipard can have hundreds. */
const ERRORS_SHOWN_MAX = 50;

/** Whatever a command threw, as a failure with an exit code. A mistake of ours keeps its stack. */
export function failureOf(error: unknown, file?: string): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof SlipwayProblem) return refusal(error, file);
  if (error instanceof ServerUnreachable) {
    return new CommandFailure(`cannot reach ${error.server}${reasonOf(error)}`, {
      exitCode: exitCode.unreachable,
      details: ['start one with: npx slipway serve', 'or name another: --server URL, or SLIPWAY_SERVER'],
      problem: { code: 'server-unreachable', detail: error.message },
      cause: error,
    });
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CommandFailure(`unexpected: ${text}`, { exitCode: exitCode.runFailed, cause: error });
}

/** One clear line, then each error with its place. */
function refusal(error: SlipwayProblem, file: string | undefined): CommandFailure {
  const { problem } = error;
  const places = problemErrors(problem, file);
  // The detail of a problem with places often repeats the first of them.
  const isRepeated = problem.errors?.some((one) => one.line !== undefined && problem.detail.includes(one.detail));
  const summary = isRepeated ? `${file ?? 'the text'} was refused` : problem.detail;
  return new CommandFailure(`${summary} [${problem.code}]`, {
    exitCode: problem.status >= 500 ? exitCode.unreachable : exitCode.refused,
    details: [...places, ...wayOut(problem)],
    problem,
    cause: error,
  });
}

function problemErrors(problem: Problem, file: string | undefined): string[] {
  const errors = problem.errors ?? [];
  // A problem with a single error often says the same in both places.
  const isTold = (text: string | undefined): boolean => text === undefined || problem.detail.includes(text);
  const told = errors.filter((one) => one.line !== undefined || !isTold(one.detail) || !isTold(one.pointer));
  const lines = told.slice(0, ERRORS_SHOWN_MAX).map((one) => {
    const place =
      one.line === undefined
        ? (one.pointer ?? '')
        : `${file ?? 'line '}${file ? ':' : ''}${one.line}:${one.column ?? 1}`;
    const near = one.nearest === undefined || one.detail.includes(one.nearest) ? '' : ` (did you mean ${one.nearest}?)`;
    return `${place === '' ? '' : `${place}: `}${one.detail}${near} [${one.code}]`;
  });
  const more = told.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function wayOut(problem: Problem): string[] {
  if (problem.status === 401) return ['give a token: --token-file FILE, or SLIPWAY_TOKEN'];
  if (problem.retryAfterMs !== undefined) return [`try again in ${Math.ceil(problem.retryAfterMs / 1000)} s`];
  return [];
}

function reasonOf(error: ServerUnreachable): string {
  const reason = /\(([^()]*)\)/.exec(error.message)?.[1];
  return reason === undefined ? '' : ` (${reason})`;
}

/** Prints a failure: text for people, or the problem as JSON, on standard error. */
export function printFailure(failure: CommandFailure, terminal: Terminal): void {
  if (terminal.format === 'json') {
    terminal.note(JSON.stringify(failure.problem));
    return;
  }
  const { red, dim } = terminal.errorPaint;
  if (failure.message !== '') terminal.note(...linesOf(`${red('error:')} ${failure.message}`, 'error: '.length));
  for (const detail of failure.details) terminal.note(...linesOf(detail).map((line) => `  ${dim(line)}`));
}
