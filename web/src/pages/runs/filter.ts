import type { RunPhase, RunSummary } from '@slipway/contract';
import type { Query } from '../../api/client.ts';
import { isRunPhase } from '../../ui/state.ts';

/** What of the list is in the address. `show` is a phase of a run, `within` one of `spans`. */
export const searchKeys = [
  'project',
  'stage',
  'sequence',
  'service',
  'show',
  'correlationid',
  'label',
  'within',
] as const;
export type RunSearch = { [key in (typeof searchKeys)[number]]?: string };

/** As `show` was written before runs had phases: kept filters and sent addresses still have it. */
const OLD_SHOWS: Readonly<Record<string, RunPhase>> = {
  pass: 'passed',
  fail: 'failed',
  running: 'working',
  waiting: 'waiting-turn',
};

export function phaseOf({ show = '' }: RunSearch): RunPhase | undefined {
  return isRunPhase(show) ? show : OLD_SHOWS[show];
}

export const spans = [
  { key: '15m', word: 'last 15 minutes', ms: 15 * 60_000 },
  { key: '1h', word: 'last hour', ms: 3_600_000 },
  { key: '24h', word: 'last 24 hours', ms: 24 * 3_600_000 },
  { key: '7d', word: 'last 7 days', ms: 7 * 24 * 3_600_000 },
] as const;

/** The parameters of `GET /v1/runs`. The start of a span is cut to the minute, so that a render asks no new question. */
export function runQueryOf(search: RunSearch, now: number): Query {
  const { project, stage, sequence, service, correlationid } = search;
  const span = spans.find(({ key }) => key === search.within);
  return {
    project,
    stage,
    sequence,
    service,
    correlationid,
    state: phaseOf(search),
    ...labelOf(search.label),
    since: span === undefined ? undefined : Math.floor((now - span.ms) / 60_000) * 60_000,
  };
}

/** What the stream can filter. It cannot filter by state and time: `belongs` looks at the state. */
export function streamQueryOf(search: RunSearch): Query {
  const { project, stage, sequence, service, correlationid } = search;
  return { kind: 'run', project, stage, sequence, service, correlationid, ...labelOf(search.label) };
}

export function belongs(run: RunSummary, search: RunSearch): boolean {
  const phase = phaseOf(search);
  return phase === undefined || run.phase === phase;
}

export function isFiltered(search: RunSearch): boolean {
  return Object.values(search).some((value) => value !== undefined);
}

/** `key=value` filters by a label, an id by the context, anything else by the service. */
export function searchOfText(text: string): Pick<RunSearch, 'service' | 'label' | 'correlationid'> {
  const trimmed = text.trim();
  if (trimmed === '') return {};
  if (/^[^=\s]+=./.test(trimmed)) return { label: trimmed };
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(trimmed)) return { correlationid: trimmed };
  return { service: trimmed };
}

export function textOfSearch(search: RunSearch): string {
  return search.label ?? search.correlationid ?? search.service ?? '';
}

/** The filter as flags of `get runs` and `abort`. */
export function flagsOf(search: RunSearch): string[] {
  const flags: Record<string, string | undefined> = {
    project: search.project,
    stage: search.stage,
    sequence: search.sequence,
    service: search.service,
    state: phaseOf(search),
    context: search.correlationid,
    label: search.label,
    since: search.within,
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, value]));
}

function labelOf(label: string | undefined): Query {
  const at = label?.indexOf('=') ?? -1;
  return label === undefined || at < 1 ? {} : { [`label.${label.slice(0, at)}`]: label.slice(at + 1) };
}
