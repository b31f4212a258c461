import type { PreviousEvaluation } from '../values.ts';

/** What an evaluation store lists of each evaluation, as far as a baseline needs it. */
interface EvaluationListing {
  readonly id: string;
  readonly event: { readonly id: string };
  readonly at: number;
  readonly result: string;
  readonly correlationid: string;
  readonly stage: string;
  readonly service?: string | undefined;
  readonly deployment?: string | undefined;
  readonly commit?: string | undefined;
  readonly tag?: string | undefined;
  readonly windowStart?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly invalidated?: object | undefined;
  readonly slis: readonly ListedIndicator[] | null;
}

interface ListedIndicator {
  readonly sli: string;
  readonly value: number | null;
  readonly status: string;
  readonly samples?: readonly number[] | undefined;
}

/** Whoever judges and whoever judges again must read an earlier evaluation alike. */
export function previousOf(row: EvaluationListing): PreviousEvaluation {
  const { event, at, result, invalidated, correlationid, stage, service, deployment, commit, tag } = row;
  const { windowStart, labels } = row;
  return {
    ...{ id: event.id, evaluation: row.id, at, result, contextId: correlationid, stage },
    invalidated: invalidated !== undefined,
    indicators:
      row.slis?.map(({ sli, value, status, samples }) => ({
        ...{ metric: sli, value: value ?? 0, success: value !== null, status },
        ...(samples === undefined ? {} : { samples }),
      })) ?? null,
    ...(service === undefined ? {} : { service }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(commit === undefined ? {} : { commit }),
    ...(tag === undefined ? {} : { tag }),
    ...(windowStart === undefined ? {} : { windowStart }),
    ...(labels === undefined ? {} : { labels }),
  };
}
