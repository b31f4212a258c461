import { parseSlo } from '../slo/parse.ts';
import type { Filter, ParsedSlo } from '../slo/types.ts';
import { resolveWindow, type WindowRequest } from '../time/window.ts';
import { type SloSource, unparsable } from './finish.ts';

export interface StartInput {
  readonly project: string;
  readonly stage: string;
  readonly service: string;
  readonly request: WindowRequest;
  readonly deploymentNames?: readonly string[];
  readonly slo: SloSource;
  /** The name of who measures, or null when nobody is configured. */
  readonly provider: string | null;
  readonly nowMs: number;
}

/** What is sent after `evaluation.started`: the question to the provider, or the end. */
export type Started =
  | { readonly kind: 'ask'; readonly question: SliQuestion }
  | { readonly kind: 'finished'; readonly ended: EndedAtStart };

export interface SliQuestion {
  readonly sliProvider: string;
  readonly start: string;
  readonly end: string;
  /** In the order of the objectives, repeated names and all. Empty is left out on the wire. */
  readonly indicators: readonly string[];
  readonly customFilters: readonly Filter[];
  readonly deployment: string;
}

export interface EndedAtStart {
  readonly status: 'succeeded' | 'errored';
  readonly result: 'pass' | 'fail';
  readonly message: string;
  readonly timeStart: string;
  readonly timeEnd: string;
  readonly details: readonly string[];
}

export function startEvaluation(input: StartInput): Started {
  const window = resolveWindow(input.request, input.nowMs);
  if (!window.ok) return errored(window.message, { start: '', end: '' });
  const { start, end } = window;
  const { slo } = input;
  if (slo.kind === 'failed') return errored(`error retrieving SLO file: ${slo.message}`, window);
  const parsed =
    slo.kind === 'text' && slo.text !== '' ? parseSlo(slo.text) : slo.kind === 'parsed' ? slo.parsed : null;
  if (parsed?.ok === false) {
    return errored(`error retrieving SLO file: ${unparsable(input)}`, window, [parsed.reason]);
  }
  if (input.provider === null) {
    const message = `no evaluation performed by lighthouse because no SLI-provider configured for project ${input.project}`;
    const ended = {
      status: 'succeeded',
      result: 'pass',
      message,
      timeStart: start,
      timeEnd: end,
      details: [],
    } as const;
    return { kind: 'finished', ended };
  }
  return { kind: 'ask', question: question(input, input.provider, window, parsed) };
}

function question(
  input: StartInput,
  sliProvider: string,
  { start, end }: { start: string; end: string },
  parsed: Extract<ParsedSlo, { ok: true }> | null,
): SliQuestion {
  return {
    sliProvider,
    start,
    end,
    indicators: (parsed?.slo.objectives ?? []).map((objective) => objective.sli),
    customFilters: parsed?.slo.filter ?? [],
    deployment: input.deploymentNames?.[0] ?? '',
  };
}

function errored(message: string, window: { start: string; end: string }, details: readonly string[] = []): Started {
  const ended = {
    status: 'errored',
    result: 'fail',
    message,
    timeStart: window.start,
    timeEnd: window.end,
    details,
  } as const;
  return { kind: 'finished', ended };
}
