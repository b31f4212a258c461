import { createHash } from 'node:crypto';
import {
  canonicalJson,
  type DecisionInput,
  decide,
  type Explanation,
  formatTimestamp,
  nameOf,
  type ReportRun,
  renderReport,
  shown,
} from '@slipway/evaluation';
import { OfflineProblem } from './problem.ts';
import { readData, readHistory, readValues } from './read.ts';

export interface ExplainRequest {
  /** The text of slo.yaml. */
  readonly slo: string;
  /** The text of a values file, YAML or JSON. */
  readonly values: string;
  /** The text of a file with earlier runs. */
  readonly history?: string;
}

export interface SloExplanation {
  /** A table and the sentence why, for a terminal. */
  readonly text: string;
  readonly json: ExplanationRecord;
}

/** A decision with what it was made of: the same hash means the same inputs. */
export interface ExplanationRecord extends Explanation {
  readonly inputsHash: string;
}

/** Judges values offline and says why. */
export function sloExplain(request: ExplainRequest): SloExplanation {
  const { explanation, input } = decided(request);
  return { text: tableOf(explanation), json: { ...explanation, inputsHash: inputsHash(input) } };
}

/** The same decision as one HTML page, with the earlier runs as a heat map. */
export function sloReport(request: ExplainRequest & { readonly title?: string }): string {
  const { explanation, input } = decided(request);
  const earlier = input.history
    .toSorted((a, b) => a.at - b.at)
    .map((run): ReportRun => {
      const slis = (run.indicators ?? []).map(({ metric, value, success, status }) => ({
        metric,
        value: success ? value : null,
        status: status ?? (success ? 'info' : 'fail'),
      }));
      return { id: run.id, label: run.id, time: formatTimestamp(run.at), result: run.result, score: null, slis };
    });
  const now: ReportRun = {
    id: 'now',
    label: 'this run',
    time: '',
    result: explanation.verdict,
    score: explanation.score,
    slis: explanation.objectives.map(({ sli, value, status }) => ({ metric: sli, value, status })),
  };
  const window = { start: '', end: '' };
  return renderReport({
    project: request.title ?? '',
    stage: '',
    service: '',
    window,
    explanation,
    runs: [...earlier, now],
  });
}

function inputsHash(input: DecisionInput): string {
  return createHash('sha256').update(canonicalJson(input)).digest('hex');
}

function decided(request: ExplainRequest): { explanation: Explanation; input: DecisionInput } {
  const input: DecisionInput = {
    slo: request.slo,
    values: readValues(readData(request.values, 'the values file'), 'values'),
    history: request.history === undefined ? [] : readHistory(readData(request.history, 'the history file'), 'history'),
  };
  const decision = decide(input);
  if (!decision.ok) {
    const lines = decision.problems.map(({ message, place }) =>
      place === null ? message : `line ${place.line}, column ${place.column}: ${message}`,
    );
    throw new OfflineProblem(`slo.yaml cannot be used:\n  ${lines.join('\n  ')}`);
  }
  if (decision.explanation === null) {
    const message = decision.evaluation.kind === 'judged' ? '' : decision.evaluation.message;
    throw new OfflineProblem(`the evaluation would not take place: ${message}; 'slo lint' shows where`);
  }
  return { explanation: decision.explanation, input };
}

const HEADINGS = ['SLI', 'STATUS', 'VALUE', 'BASELINE', 'SCORE', 'WHY'];

function tableOf(explanation: Explanation): string {
  const rows = explanation.objectives.map((objective) => [
    nameOf(objective) + (objective.keySli ? ' (key)' : ''),
    objective.status,
    objective.value === null ? '-' : shown(objective.value),
    objective.baseline.aggregate === null ? '-' : shown(objective.baseline.aggregate),
    objective.maximum === 0 ? '-' : `${shown(objective.score)}/${shown(objective.maximum)}`,
    objective.why,
  ]);
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ');
  const total = `${explanation.verdict.toUpperCase()}  score ${shown(explanation.score)}`;
  return `${[line(HEADINGS), ...rows.map(line), '', total, explanation.why].join('\n')}\n`;
}
