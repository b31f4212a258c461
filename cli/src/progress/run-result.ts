import type { RunView } from '@slipway/contract';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { linesOf, type Paint, visibleWidth } from '../output/paint.ts';
import { tookText } from '../output/time.ts';
import { endColour, endWord, hasPassed } from './task-words.ts';

/** 0 when the run did what it should, 1 when not. */
export function exitCodeOf(run: RunView): ExitCode {
  return run.state === 'finished' && hasPassed(run) ? exitCode.done : exitCode.runFailed;
}

/** How a run ended, with its output, and what its end started. */
export function resultLines(run: RunView, paint: Paint): string[] {
  if (run.state === 'parked') {
    const reason = said(paint.red('parked:'), run.parkedReason ?? 'an impossible state was met');
    return [...reason, `  slipway why ${run.id}`];
  }
  const took = tookText((run.finishedAt ?? run.updatedAt) - run.acceptedAt);
  const lines = [`${paint.bold('Result:')} ${endColour(run, paint)(endWord(run))}${errored(run)} after ${took}`];
  if (run.message !== undefined && run.message !== '') lines.push(...said(paint.bold('Message:'), run.message));
  if (run.output !== undefined && !isEmpty(run.output)) {
    const [first = '', ...rest] = JSON.stringify(run.output, null, 2).split('\n');
    lines.push(`${paint.bold('Output:')} ${first}`, ...rest);
  }
  for (const next of run.triggers) lines.push(`It triggered ${next.stage}.${next.sequence}: slipway watch ${next.run}`);
  return lines;
}

/** A text behind a word, its further lines below its first. */
function said(word: string, text: string): string[] {
  const [first, ...rest] = linesOf(text, visibleWidth(word) + 1);
  return [`${word} ${first}`, ...rest];
}

/** That it failed for a technical reason, where the result does not say it. */
function errored({ status }: RunView): string {
  return status === 'errored' || status === 'unknown' ? ` (${status})` : '';
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
