import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Budget,
  evaluate,
  type IndicatorValue,
  type Objective,
  type PreviousEvaluation,
  type Repeat,
  type Slo,
} from '@slipway/evaluation';
import { type Indicators, queriesFor } from '../providers/indicators.ts';
import { measureAll } from '../providers/measure.ts';
import type { QueryContext } from '../providers/placeholders.ts';
import type { Sources } from '../providers/sources.ts';
import type { Query } from '../providers/types.ts';

export interface CollectOptions {
  readonly slo: Slo;
  readonly given: readonly IndicatorValue[];
  readonly indicators: Indicators;
  readonly sources: Sources;
  readonly context: QueryContext;
  readonly history: readonly PreviousEvaluation[];
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, of: number) => void;
}

/** The SLIs that a file needs: its objectives' in their order, then the controls that no objective stands for. */
export function neededSlis(slo: Slo): string[] {
  const own = slo.objectives.map((objective) => objective.sli);
  const controls = slo.objectives.flatMap(({ extensions }) => extensions.control ?? []);
  return [...new Set([...own, ...controls])];
}

/** Every value that the SLO needs: what came with the event as it came, the rest from its source. */
export async function collect(options: CollectOptions): Promise<IndicatorValue[]> {
  const { slo, given, indicators, sources } = options;
  const missing = neededSlis(slo).filter((sli) => !given.some((value) => value.metric === sli));
  // Without any query the missing ones are simply missing: the objective says so in Keptn's words.
  if (missing.length === 0 || Object.keys(indicators).length === 0) return [...given];
  const plain: Query[] = [];
  const special: Promise<IndicatorValue>[] = [];
  for (const query of queriesFor(missing, indicators, sources)) {
    const objective = slo.objectives.find(({ sli }) => sli === query.sli);
    const { budget = null, repeat = null } = objective?.extensions ?? {};
    if (budget !== null) special.push(byWindow(options, query, budget));
    else if (objective !== undefined && repeat !== null) special.push(repeatedly(options, query, objective, repeat));
    else plain.push(query);
  }
  const measured = await Promise.all([measure(options, plain, options.context), Promise.all(special)]);
  return [...given, ...measured.flat()];
}

function measure(options: CollectOptions, queries: readonly Query[], context: QueryContext): Promise<IndicatorValue[]> {
  const { deadlineMs, timeoutMs, signal, onProgress, slo } = options;
  const lateData = slo.extensions.lateData;
  return measureAll({ queries, context, deadlineMs, timeoutMs, lateData, signal, onProgress });
}

/** The query of an error budget gives the share of bad events and has `$WINDOW` in it: it is asked once per window. */
async function byWindow(options: CollectOptions, query: Query, budget: Budget): Promise<IndicatorValue> {
  const names = [...new Set(budget.pairs.flatMap((pair) => pair.windows))];
  const measured = await Promise.all(
    names.map(async (window) => {
      const filters = { ...options.context.filters, WINDOW: window };
      const [value] = await measure(options, [query], { ...options.context, filters });
      return { window, value };
    }),
  );
  const failed = measured.find(({ value }) => value?.success !== true)?.value;
  if (failed !== undefined) return failed;
  const windows = Object.fromEntries(measured.map(({ window, value }) => [window, value?.value ?? 0]));
  return {
    metric: query.sli,
    value: windows[names[0] ?? ''] ?? 0,
    comparedValue: 0,
    success: true,
    message: '',
    windows,
  };
}

/** Measures again at each interval, up to now each time, until no later measurement can change the outcome. */
async function repeatedly(
  options: CollectOptions,
  query: Query,
  objective: Objective,
  repeat: Repeat,
): Promise<IndicatorValue> {
  const { slo, history, signal } = options;
  const spanMs = options.context.endMs - options.context.startMs;
  const repeats: number[] = [];
  let { endMs } = options.context;
  for (;;) {
    const [value] = await measure(options, [query], { ...options.context, startMs: endMs - spanMs, endMs });
    if (value === undefined || !value.success) {
      return value ?? { metric: query.sli, value: 0, comparedValue: 0, success: false, message: '' };
    }
    repeats.push(value.value);
    const latest: IndicatorValue = { ...value, repeats: [...repeats] };
    const alone = evaluate({ slo: { ...slo, objectives: [objective] }, values: [latest], history });
    const isOpen =
      alone.kind === 'judged' &&
      alone.objectives[0]?.findings.some(({ kind, outcome }) => kind === 'repeat' && outcome === 'inconclusive');
    if (isOpen !== true || repeats.length >= repeat.count) return latest;
    await sleep(repeat.intervalMs, undefined, { signal });
    endMs += repeat.intervalMs;
  }
}
