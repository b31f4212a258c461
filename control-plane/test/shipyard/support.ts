import type { Plan, SequencePlan, SourceProblem } from '@slipway/contract';
import { parseShipyard } from '../../src/shipyard/index.ts';

/** The plan of a text that must have one. */
export function planOf(text: string): Plan {
  const { plan, problems } = parseShipyard(text);
  if (plan === undefined)
    throw new Error(problems.map((problem) => `${briefly(problem)} ${problem.message}`).join('\n'));
  return plan;
}

/** One sequence of a plan. */
export function sequenceOf(plan: Plan, stage: string, name: string): SequencePlan {
  const sequence = plan.stages.find((one) => one.name === stage)?.sequences.find((one) => one.name === name);
  if (sequence === undefined) throw new Error(`there is no ${stage}.${name}`);
  return sequence;
}

/** `line:column code (severity)`, short enough to stand in a table. */
function briefly({ line, column, code, severity, nearest }: SourceProblem): string {
  const hint = nearest === undefined ? '' : ` -> ${nearest}`;
  return `${line}:${column} ${severity === 'warning' ? 'warning ' : ''}${code}${hint}`;
}

export function problemsOf(text: string): string[] {
  return parseShipyard(text).problems.map(briefly);
}

/** A shipyard of ours around the keys of one task, which begins on line 7, column 11. */
export function withTask(lines: string): string {
  return `${OURS}      - name: build\n        tasks:\n${indent(lines, 10)}`;
}

/** A shipyard of ours around the keys of one sequence, which begins on line 6, column 9. */
export function withSequence(lines: string): string {
  return `${OURS}${indent(lines, 6)}`;
}

const OURS = 'apiVersion: slipway.dev/v1\nspec:\n  stages:\n    - name: dev\n      sequences:\n';

function indent(lines: string, by: number): string {
  return lines.replaceAll(/^(?=.)/gm, ' '.repeat(by));
}
