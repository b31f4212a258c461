import type { Subject } from '../baseline/select.ts';
import { evaluate } from '../judge/evaluate.ts';
import type { Evaluation, Verdict } from '../judge/types.ts';
import { parseSlo } from '../slo/parse.ts';
import type { ParsedSlo, Slo } from '../slo/types.ts';
import type { IndicatorResult, IndicatorValue, PreviousEvaluation, Result } from '../values.ts';

/** What reading slo.yaml of a service gave. */
export type SloSource =
  | { readonly kind: 'text'; readonly text: string }
  /** An SLO that came as JSON with the task and was already read; `text` is what is reported as its file. */
  | { readonly kind: 'parsed'; readonly parsed: ParsedSlo; readonly text: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly message: string };

/** The answer of the SLI provider: `get-sli.finished`, or the same shape made of values that came another way. */
export interface SliAnswer {
  readonly status: string;
  readonly result: string;
  readonly message: string;
  readonly start: string;
  readonly end: string;
  readonly values: readonly IndicatorValue[];
}

export interface FinishInput {
  readonly project: string;
  readonly stage: string;
  readonly service: string;
  readonly sli: SliAnswer;
  readonly slo: SloSource;
  readonly history: readonly PreviousEvaluation[];
  readonly subject?: Subject;
}

/** The data of `evaluation.finished` beyond project, stage, service and labels. */
export interface FinishedEvaluation {
  readonly status: 'succeeded' | 'errored';
  readonly result: Result;
  readonly message: string;
  readonly evaluation: {
    readonly timeStart: string;
    readonly timeEnd: string;
    readonly result: Result;
    readonly score: number;
    /** The text of the file; it goes out as base64. Empty where Keptn leaves it empty. */
    readonly sloFileContent: string;
    readonly indicatorResults: readonly IndicatorResult[] | null;
    readonly comparedEvents: readonly string[];
  };
  /** Ours: the fourth state, what Keptn drops, and the judgement with everything that led to it. */
  readonly verdict: Verdict;
  readonly details: readonly string[];
  readonly decision: { readonly slo: Slo; readonly evaluation: Evaluation } | null;
}

/** From values to the finished event. Every way out ends in an event: nothing here leaves a task open. */
export function finishEvaluation(input: FinishInput): FinishedEvaluation {
  const { sli, slo: source, project, stage, service } = input;
  if (sli.status === 'aborted')
    return early(sli, 'errored', 'fail', 'evaluation performed by lighthouse was aborted', 'pass');
  if (sli.status === 'errored') {
    const message = `evaluation performed by lighthouse received an unexpected error: ${sli.message}`;
    return early(sli, 'errored', 'fail', message, 'pass');
  }
  if (source.kind === 'failed') return early(sli, 'errored', 'fail', source.message, 'fail');
  if (source.kind === 'none' || (source.kind === 'text' && source.text === '')) {
    const message = `no evaluation performed by lighthouse because no SLO file configured for project ${project}`;
    return early(sli, 'succeeded', 'pass', message, 'pass');
  }
  const parsed = source.kind === 'text' ? parseSlo(source.text) : source.parsed;
  if (!parsed.ok) {
    const message = unparsable({ project, stage, service });
    return { ...early(sli, 'errored', 'fail', message, 'fail'), details: detailsOf(parsed) };
  }
  const { slo } = parsed;
  const evaluation = evaluate({
    slo,
    values: sli.values,
    history: input.history,
    ...(input.subject === undefined ? {} : { subject: input.subject }),
  });
  return concluded({ sli, slo, evaluation, text: source.text });
}

export const unparsable = (place: { project: string; stage: string; service: string }): string =>
  `Could not parse SLO file for service ${place.service} in stage ${place.stage} in project ${place.project}`;

function concluded(given: { sli: SliAnswer; slo: Slo; evaluation: Evaluation; text: string }): FinishedEvaluation {
  const { sli, slo, evaluation, text } = given;
  const decision = { slo, evaluation };
  if (evaluation.kind === 'errored')
    return { ...early(sli, 'errored', 'fail', evaluation.message, 'fail', text), decision };
  if (evaluation.kind === 'refused') {
    const refused = early(sli, 'succeeded', 'fail', evaluation.message, 'fail', text);
    return { ...refused, evaluation: { ...refused.evaluation, comparedEvents: evaluation.comparedEvents }, decision };
  }
  const override = overrideOf(slo, sli);
  return {
    status: 'succeeded',
    result: override === null ? evaluation.result : 'fail',
    message: override ?? evaluation.message,
    evaluation: {
      timeStart: sli.start,
      timeEnd: sli.end,
      result: evaluation.result,
      score: evaluation.score,
      sloFileContent: text,
      indicatorResults: evaluation.objectives.map((objective) => objective.result),
      comparedEvents: evaluation.comparedEvents,
    },
    verdict: override === null ? evaluation.verdict : 'fail',
    details: [],
    decision,
  };
}

/** These change the event's result; the evaluation's own result and score stay as judged. */
function overrideOf(slo: Slo, sli: SliAnswer): string | null {
  if (slo.objectives.length === 0) return 'lighthouse failed because no SLO objective was provided';
  return sli.result === 'fail' ? `lighthouse failed because SLI failed with message ${sli.message}` : null;
}

function early(
  sli: SliAnswer,
  status: 'succeeded' | 'errored',
  result: Result,
  message: string,
  evaluationResult: Result,
  sloFileContent = '',
): FinishedEvaluation {
  return {
    status,
    result,
    message,
    evaluation: {
      timeStart: sli.start,
      timeEnd: sli.end,
      result: evaluationResult,
      score: 0,
      sloFileContent,
      indicatorResults: null,
      comparedEvents: [],
    },
    verdict: result,
    details: [],
    decision: null,
  };
}

function detailsOf(parsed: Extract<ParsedSlo, { ok: false }>): string[] {
  const located = parsed.problems.map(({ message, place }) =>
    place === null ? message : `line ${place.line}, column ${place.column}: ${message}`,
  );
  return [parsed.reason, ...located];
}
