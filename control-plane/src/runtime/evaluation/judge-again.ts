import { hash } from 'node:crypto';
import type { EvaluatedSli, EvaluationSummary, JsonObject, ReplayAnswer, WhatIfRequest } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import {
  canonicalJson,
  type Decision,
  type DecisionInput,
  decide,
  decodeSliAnswer,
  type Explanation,
  type IndicatorValue,
  missingValue,
  type PreviousEvaluation,
  RULES_VERSION,
} from '@slipway/evaluation';
import { Refusal } from '../control-plane.ts';
import { sloTextOf } from './evaluation-row.ts';

type Judgement = ReplayAnswer['now'];

/** What a stored evaluation was decided from; the earlier ones are found by the caller. */
export function inputOf(
  evaluation: EvaluationSummary,
  own: JsonObject,
  history: readonly PreviousEvaluation[],
): DecisionInput {
  const slo = sloTextOf(own);
  if (slo === undefined) throw nothingJudged(evaluation);
  const { correlationid, stage, service, deployment, windowStart, labels } = evaluation;
  return {
    slo,
    values: valuesOf(own),
    history: withDecision(history, own),
    subject: {
      contextId: correlationid,
      stage,
      ...(service === undefined ? {} : { service }),
      ...(deployment === undefined ? {} : { deployment }),
      ...(windowStart === undefined ? {} : { windowStart }),
      ...(labels === undefined ? {} : { labels }),
    },
  };
}

/** The values as they were measured. One that never came stands in the results all the same, and is no value. */
function valuesOf(own: JsonObject): IndicatorValue[] {
  const results: unknown[] = Array.isArray(own.indicatorResults) ? own.indicatorResults : [];
  const records = results.flatMap((result) => (isObject(result) && isObject(result.value) ? [result.value] : []));
  const decoded = decodeSliAnswer({ 'get-sli': { indicatorValues: records } });
  if (!decoded.ok) throw new Refusal('not-allowed-now', `the stored values cannot be read: ${decoded.message}`);
  return decoded.value.values.filter(
    ({ metric, success, message }) => success || message !== missingValue(metric).message,
  );
}

/** Earlier runs that are not stored any more are taken from the decision, which has the values that it used. */
function withDecision(history: readonly PreviousEvaluation[], own: JsonObject): PreviousEvaluation[] {
  const decision = isObject(own.decision) ? own.decision : {};
  const runs: unknown[] = Array.isArray(decision.comparedRuns) ? decision.comparedRuns : [];
  const objectives: unknown[] = Array.isArray(decision.objectives) ? decision.objectives : [];
  const lost = runs.filter((run): run is string => typeof run === 'string' && !history.some(({ id }) => id === run));
  return [
    ...history,
    ...lost.map((id): PreviousEvaluation => {
      // Newest first, as they were compared.
      const at = -runs.indexOf(id);
      return { id, at, result: 'pass', invalidated: false, indicators: objectives.flatMap((one) => usedOf(one, id)) };
    }),
  ];
}

function usedOf(objective: unknown, run: string): { metric: string; value: number; success: true }[] {
  if (!isObject(objective) || typeof objective.sli !== 'string' || !isObject(objective.baseline)) return [];
  const metric = objective.sli;
  const values: unknown[] = Array.isArray(objective.baseline.values) ? objective.baseline.values : [];
  return values.flatMap((one) =>
    isObject(one) && one.run === run && typeof one.value === 'number'
      ? [{ metric, value: one.value, success: true as const }]
      : [],
  );
}

/** Other values in the place of the measured ones. */
export function changedValues(
  values: readonly IndicatorValue[],
  change: NonNullable<WhatIfRequest['values']>,
): IndicatorValue[] {
  const given = Object.entries(change).flatMap(([metric, value]): IndicatorValue[] =>
    value === null ? [] : [{ metric, value, comparedValue: 0, success: true, message: '' }],
  );
  return [...values.filter(({ metric }) => !Object.hasOwn(change, metric)), ...given];
}

export function explanationOf(decision: Decision): Explanation {
  if (!decision.ok) {
    const [first] = decision.problems;
    const place = first?.place ? `${first.place.line}:${first.place.column} ` : '';
    const errors = decision.problems.slice(0, 100).map(({ message, place }) => ({
      code: 'invalid-slo',
      detail: message,
      ...(place === null ? {} : { line: place.line, column: place.column }),
    }));
    throw new Refusal('invalid-slo', `${place}${first?.message ?? 'it cannot be read'}`, { errors });
  }
  if (decision.explanation !== null) return decision.explanation;
  const why = decision.evaluation.kind === 'judged' ? '' : decision.evaluation.message;
  throw new Refusal('invalid-slo', `an evaluation by this slo.yaml would not take place: ${why}`);
}

export function judgementOf(explanation: Explanation): Judgement {
  const { verdict, result, score, why } = explanation;
  return { verdict, result, score, why, slis: explanation.objectives.map(sliOf), decision: { ...explanation } };
}

function sliOf(objective: Explanation['objectives'][number]): EvaluatedSli {
  const { sli, displayName, value, status, score, maximum, keySli, baseline } = objective;
  const name = displayName === '' ? {} : { displayName };
  return { sli, ...name, value, status, score, maximum, keySli, baseline: baseline.aggregate };
}

/** Judges what is stored by the rules of today, and says where that differs from what was decided. */
export function replayed(evaluation: EvaluationSummary, own: JsonObject, input: DecisionInput): ReplayAnswer {
  const now = judgementOf(explanationOf(decide(input)));
  const differences = differencesOf(evaluation, now);
  const stored = isObject(own.decision) && typeof own.decision.rules === 'string' ? own.decision.rules : null;
  return {
    id: evaluation.id,
    same: differences.length === 0,
    rules: { stored, now: RULES_VERSION },
    inputsHash: hash('sha256', canonicalJson(input), 'hex'),
    differences,
    now,
  };
}

function differencesOf(stored: EvaluationSummary, now: Judgement): string[] {
  const lines: string[] = [];
  const say = (what: string, a: unknown, b: unknown): void => {
    if (a !== b) lines.push(`${what}: ${String(a)} → ${String(b)}`);
  };
  say('verdict', stored.verdict, now.verdict);
  say('score', stored.score, now.score);
  for (const [index, sli] of now.slis.entries()) {
    const before = stored.slis?.[index];
    say(sli.sli, before?.status ?? 'not judged', sli.status);
    say(`${sli.sli} score`, before?.score ?? 0, sli.score);
  }
  return lines;
}

export function nothingJudged({ message }: EvaluationSummary): Refusal {
  const why = message === undefined ? '' : `: ${message}`;
  return new Refusal('not-allowed-now', `this evaluation judged nothing${why}`);
}
