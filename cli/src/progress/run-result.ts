import type { RunView } from '@slipway/contract';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { type Paint, printable } from '../output/paint.ts';
import { tookText } from '../output/time.ts';
import { resultColour } from './task-words.ts';

/** 0 when the run did what it should, 1 when not. */
export function exitCodeOf(run: RunView): ExitCode {
  const passed = run.state === 'finished' && (run.result === 'pass' || run.result === 'warning');
  return passed ? exitCode.done : exitCode.runFailed;
}

/** How a run ended, with its output, and what its end started. */
export function resultLines(run: RunView, paint: Paint): string[] {
  if (run.state === 'parked') {
    return [`${paint.red('parked')}: ${run.parkedReason ?? 'an impossible state was met'}`, `  slipway why ${run.id}`];
  }
  const took = tookText((run.finishedAt ?? run.updatedAt) - run.acceptedAt);
  const word = resultColour(run.result, paint)(run.result ?? run.state);
  const status = run.status === undefined || run.status === 'succeeded' ? '' : ` (${run.status})`;
  const lines = [`${paint.bold('Result:')} ${word}${status} after ${took}`];
  if (run.message !== undefined && run.message !== '')
    lines.push(`${paint.bold('Message:')} ${printable(run.message)}`);
  if (run.output !== undefined && !isEmpty(run.output)) {
    const [first = '', ...rest] = JSON.stringify(run.output, null, 2).split('\n');
    lines.push(`${paint.bold('Output:')} ${first}`, ...rest);
  }
  for (const next of run.triggers) lines.push(`It triggered ${next.stage}.${next.sequence}: slipway watch ${next.run}`);
  return lines;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
