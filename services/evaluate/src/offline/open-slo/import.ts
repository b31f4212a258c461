import { dump } from 'js-yaml';
import { OfflineProblem } from '../problem.ts';
import {
  type Condition,
  type Indicator,
  type Objective,
  type OpenSlo,
  type OpenSloDocuments,
  readOpenSlo,
} from './documents.ts';
import { badShareOf } from './queries.ts';

export interface ImportedSlo {
  /** The text of slo.yaml. */
  readonly slo: string;
  /** The text of sli.yaml. */
  readonly sli: string;
  /** What could not be carried over as it was, each a sentence. */
  readonly notes: readonly string[];
}

/** The pairs of windows that the SRE workbook recommends, for documents without burn rate alerts. */
const PAIRS_DEFAULT: readonly Pair[] = [
  { windows: ['1h', '5m'], burn_rate: 14.4, severity: 'fail' },
  { windows: ['6h', '30m'], burn_rate: 6, severity: 'warn' },
];
const WINDOW_DEFAULT = '30d';
const SEVERITIES_WARN = /^(low|warn|warning|ticket|info|minor|sev[3-9]|p[3-9])$/i;

interface Pair {
  readonly windows: readonly string[];
  readonly burn_rate: number;
  readonly severity: 'fail' | 'warn';
}

/** Makes slo.yaml and sli.yaml of OpenSLO v1 documents: each objective becomes an error budget. */
export function importOpenSlo(text: string): ImportedSlo {
  const documents = readOpenSlo(text);
  const notes: string[] = [];
  const objectives: object[] = [];
  const queries = new Map<string, string>();
  for (const given of documents.slos) {
    const { name, displayName = name } = given.metadata;
    const pairs = pairsOf(given, documents, notes);
    for (const [index, objective] of given.spec.objectives.entries()) {
      const sli = index === 0 ? name : `${name}-${index + 1}`;
      const title = objective.displayName === undefined ? displayName : `${displayName}: ${objective.displayName}`;
      objectives.push({
        sli,
        displayName: title,
        budget: { target: targetOf(objective, name), window: windowOf(given, notes), pairs },
      });
      const found = badShareOf(indicatorOf(given, objective, documents).spec, objective);
      if ('query' in found) queries.set(sli, found.query);
      else
        notes.push(
          `SLI '${sli}': ${found.reason}; write its query into sli.yaml, for the share of bad events over $WINDOW`,
        );
      if (given.spec.budgetingMethod !== 'Occurrences' && 'query' in found) {
        notes.push(`SLI '${sli}': ${given.spec.budgetingMethod} counts slices of time; the query counts what happened`);
      }
    }
  }
  const indicators = Object.fromEntries(queries);
  const slo = { spec_version: '1.0', objectives, total_score: { pass: '100%', warning: '50%' } };
  return {
    slo: yaml(slo, 'Imported from OpenSLO v1.'),
    sli: yaml({ spec_version: '1.0', indicators }, 'Imported from OpenSLO v1: shares of bad events, for Prometheus.'),
    notes: [...new Set(notes)],
  };
}

const yaml = (data: object, head: string): string => `# ${head}\n${dump(data, { lineWidth: -1, flowLevel: 4 })}`;

function targetOf({ target, targetPercent }: Objective, name: string): number {
  const share = target ?? (targetPercent === undefined ? undefined : targetPercent / 100);
  if (share === undefined || share <= 0 || share >= 1) {
    throw new OfflineProblem(
      `SLO '${name}': an objective needs a target above 0 and below 1, or a targetPercent below 100`,
    );
  }
  return share;
}

function indicatorOf(given: OpenSlo, objective: Objective, { slis }: OpenSloDocuments): Indicator {
  const inline = objective.indicator ?? (objective.indicatorRef === undefined ? given.spec.indicator : undefined);
  if (inline !== undefined) return inline;
  const ref = objective.indicatorRef ?? given.spec.indicatorRef;
  const found = slis.get(ref ?? '');
  if (found !== undefined) return found;
  const what = ref === undefined ? 'has no indicator' : `refers to the SLI '${ref}', which is not in the file`;
  throw new OfflineProblem(`SLO '${given.metadata.name}' ${what}`);
}

const LONG_UNITS: Readonly<Record<string, number>> = { M: 30, Q: 90, Y: 365 };

function windowOf({ metadata, spec }: OpenSlo, notes: string[]): string {
  const [window] = spec.timeWindow ?? [];
  if (window === undefined) return WINDOW_DEFAULT;
  if (window.isRolling === false)
    notes.push(`SLO '${metadata.name}': its calendar window counts as a rolling one here`);
  return durationOf(window.duration, `SLO '${metadata.name}'`);
}

/** OpenSLO also knows months, quarters and years. */
function durationOf(text: string, about: string): string {
  const [, count = '', unit = ''] = /^(\d+)([mhdwMQY])$/.exec(text) ?? [];
  if (count === '') throw new OfflineProblem(`${about}: '${text}' is not a duration such as 28d`);
  const days = LONG_UNITS[unit];
  return days === undefined ? text : `${Number(count) * days}d`;
}

function pairsOf(given: OpenSlo, documents: OpenSloDocuments, notes: string[]): readonly Pair[] {
  const about = `SLO '${given.metadata.name}'`;
  const pairs = conditionsOf(given, documents, notes).flatMap((condition) => {
    const { kind, threshold, lookbackWindow, alertAfter } = condition.spec.condition;
    if (kind !== 'burnrate') {
      notes.push(`${about}: the condition '${condition.metadata.name}' is of the kind ${kind}, which was left out`);
      return [];
    }
    if (alertAfter !== undefined) {
      notes.push(`${about}: alertAfter of '${condition.metadata.name}' was left out: an evaluation looks once`);
    }
    const severity: Pair['severity'] = SEVERITIES_WARN.test(condition.spec.severity) ? 'warn' : 'fail';
    return [{ windows: [durationOf(lookbackWindow, about)], burn_rate: threshold, severity }];
  });
  if (pairs.length > 0) return pairs;
  notes.push(`${about}: it has no burn rate alerts, so the usual pairs of windows were taken`);
  return PAIRS_DEFAULT;
}

function conditionsOf({ metadata, spec }: OpenSlo, documents: OpenSloDocuments, notes: string[]): Condition[] {
  const missing = (what: string, name: string): never[] => {
    notes.push(`SLO '${metadata.name}': the ${what} '${name}' is not in the file`);
    return [];
  };
  return (spec.alertPolicies ?? []).flatMap((given) => {
    const name = typeof given === 'string' ? given : 'alertPolicyRef' in given ? String(given.alertPolicyRef) : null;
    const policy = name === null ? given : documents.policies.get(name);
    if (policy === undefined || typeof policy === 'string' || !('spec' in policy))
      return missing('alert policy', name ?? '');
    const { conditions } = policy.spec as { conditions: readonly (Condition | { conditionRef: string })[] };
    return conditions.flatMap((one) => {
      if (!('conditionRef' in one)) return [one as Condition];
      const ref = String(one.conditionRef);
      return documents.conditions.get(ref) ?? missing('alert condition', ref);
    });
  });
}
