import { type ParsedSlo, parseSlo, type SloSource, sloFromValue } from '@slipway/evaluation';
import { SlipwayProblem, type TaskContext } from '@slipway/sdk';
import type { EvaluateInput } from './input.ts';
import { isTransient, patiently, wordsOf } from './patience.ts';
import { type EvaluationClient, type Place, placeOf } from './place.ts';

/** What an SLO without `total_score` is judged by when it came as bare objectives. */
const TOTAL_DEFAULT = { pass: '90%', warning: '75%' };
/** How long a control plane that is away is waited for before the SLO counts as unreadable. */
export const READ_PATIENCE_MS = 20_000;

export interface ReadSlo {
  readonly source: SloSource;
  /** Null when there is no SLO at all. */
  readonly parsed: ParsedSlo | null;
  /** Of the file that lives with the project. */
  readonly version?: string;
  /** The next attempt may find what this one could not read. */
  readonly isTransient?: boolean;
}

/** The SLO of a task: text, data or bare objectives in its input; else the slo.yaml that is stored for the service. */
export async function sloOf(input: EvaluateInput, ctx: TaskContext, client: EvaluationClient): Promise<ReadSlo> {
  return givenSlo(input) ?? (await storedSlo(placeOf(ctx), ctx, client));
}

function givenSlo(input: EvaluateInput): ReadSlo | null {
  if (typeof input.slo === 'string') {
    const parsed = input.slo === '' ? null : parseSlo(input.slo);
    return { source: parsed === null ? { kind: 'none' } : { kind: 'text', text: input.slo }, parsed };
  }
  const { objectives, comparison, total_score: total = TOTAL_DEFAULT } = input;
  const value = input.slo ?? (objectives && { objectives, total_score: total, ...(comparison && { comparison }) });
  if (value === undefined) return null;
  const parsed = sloFromValue(value);
  return { source: { kind: 'parsed', parsed, text: `${JSON.stringify(value, null, 2)}\n` }, parsed };
}

/** Only the service's own file counts, as in Keptn. */
async function storedSlo(place: Place, ctx: TaskContext, client: EvaluationClient): Promise<ReadSlo> {
  if (place.stage === '' || place.service === '') return { source: { kind: 'none' }, parsed: null };
  const { signal } = ctx;
  const untilMs = performance.now() + READ_PATIENCE_MS;
  try {
    const { text, version } = await patiently(() => client.getSlo({ ...place }, { signal }), { untilMs, signal });
    if (text === '') return { source: { kind: 'none' }, parsed: null };
    return { source: { kind: 'text', text }, parsed: parseSlo(text), version };
  } catch (error) {
    signal.throwIfAborted();
    const missing = missingWords(error, place);
    if (missing === null) return { source: { kind: 'none' }, parsed: null };
    return {
      source: { kind: 'failed', message: missing ?? wordsOf(error, 'resources:read') },
      parsed: null,
      isTransient: isTransient(error),
    };
  }
}

/** Null: there is no file, which is no mistake. A text: what it would belong to is missing. */
function missingWords(error: unknown, { project, stage }: Place): string | null | undefined {
  if (!(error instanceof SlipwayProblem)) return undefined;
  if (error.code === 'unknown-project') return `project ${project} not found`;
  if (error.code === 'unknown-stage') return `stage ${stage} not found`;
  return error.code === 'not-found' ? null : undefined;
}
