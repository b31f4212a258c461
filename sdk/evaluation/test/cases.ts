import { existsSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import type { IndicatorValue, PreviousEvaluation } from '../src/values.ts';

/** The recorded answers of the reference implementation, from beside the repository when they are there. */
const SHARED = new URL('../../../../shared/cases/evaluation.yaml', import.meta.url);
const COPY = new URL('./cases/evaluation.yaml', import.meta.url);

export const casesText = readFileSync(existsSync(SHARED) ? SHARED : COPY, 'utf8');
export const copyText = readFileSync(COPY, 'utf8');
export const sharedText = existsSync(SHARED) ? casesText : null;

export interface EvaluationCase {
  name: string;
  slo: string | null;
  sloRetrievalError?: string;
  getSliFinished?: { status?: string; result?: string; message?: string };
  current: Partial<IndicatorValue>[];
  history: HistoryEntry[];
  expected: {
    event: { status: string; result: string; message?: string };
    evaluation: { result: string; score: number; comparedEvents: string[]; sloFileContent: 'present' | 'empty' };
    indicators: unknown[] | null;
  };
}

export interface HistoryEntry {
  id: string;
  result: string;
  time: string;
  invalidated?: boolean;
  indicators: { metric: string; value: number; success?: boolean }[] | null;
}

export interface CasesFile {
  evaluations: EvaluationCase[];
  criteria_parsing: Record<string, unknown>[];
  percentiles: { values: number[] | string; p: number; result: number }[];
  score_step: {
    name: string;
    maximum: number;
    objectives: { score: number; informational: boolean }[];
    keySliFailed?: { name: string; message: string };
    total_score: { pass: string; warning: string } | null;
    expected: { result?: string; score?: number; message?: string; error?: string };
  }[];
  slo_parsing: { name: string; slo: string; expected: Record<string, unknown> }[];
  timeframes: { data: Record<string, Record<string, string>>; expected: Record<string, string> }[];
  start: StartCase[];
  wire: {
    name: string;
    slo: string;
    getSliFinishedData: string;
    history?: string;
    expected: Record<string, unknown>;
  }[];
  extension_vectors: {
    mann_whitney: MannWhitneyVector[];
    trend: { name: string; oldestFirst: number[]; theilSenSlope: number; kendallTau: number; p: number }[];
    burn_rate: {
      target: number;
      badRatio: number;
      burnRate: number;
      windowDays: number;
      hoursToExhaust: number | null;
    }[];
  };
}

export interface StartCase {
  name: string;
  data: {
    project: string;
    stage: string;
    service: string;
    deployment?: { deploymentNames: string[] };
    evaluation?: Record<string, string>;
  };
  slo: string | null;
  sloRetrievalError?: string;
  provider: string;
  expected: {
    type: string;
    status?: string;
    result?: string;
    message?: string;
    evaluation?: { timeStart: string; timeEnd: string };
    'get-sli'?: Record<string, unknown>;
    deployment?: string;
  }[];
}

export interface MannWhitneyVector {
  name: string;
  candidate: number[];
  baseline: number[];
  confidenceLevel: number;
  U: number;
  pTwoSided: number;
  shift: number;
  orderStatisticK: number;
  ciLow: number;
  ciHigh: number;
  meanRatio: number;
  cles: number;
}

// The file is ours to trust: its shape is the list above.
export const cases = load(casesText) as CasesFile;

export function historyOf(entries: readonly HistoryEntry[]): PreviousEvaluation[] {
  return entries.map((entry) => ({
    id: entry.id,
    at: Date.parse(entry.time),
    result: entry.result,
    invalidated: entry.invalidated ?? false,
    indicators:
      entry.indicators?.map(({ metric, value, success }) => ({ metric, value, success: success ?? true })) ?? null,
  }));
}
