import {
  decodePrevious,
  isRecord,
  type PreviousEvaluation,
  resultsWanted,
  type Slo,
  slotsOf,
} from '@slipway/evaluation';
import { type Client, SlipwayProblem, type TaskContext } from '@slipway/sdk';

const PAGE = 100;
/** Where runs that fit are rarer than this, the older ones do not count. */
const SCANNED_MAX = 500;

/** Reads earlier evaluations of the same project, stage and service, newest first, until there are as many as the SLO asks for. */
export async function previousEvaluations(
  client: Pick<Client, 'listEvents'>,
  task: string,
  slo: Slo,
  ctx: TaskContext,
): Promise<PreviousEvaluation[]> {
  const { baseline } = slo.extensions;
  const prefix = ctx.event.type.startsWith('sh.keptn.event.') ? 'sh.keptn.event.' : '';
  const where = {
    project: ctx.project,
    stage: baseline?.stage ?? ctx.stage,
    service: baseline?.service ?? ctx.service,
  };
  try {
    const invalidated = await invalidatedIds(client, { ...where, type: `${prefix}${task}.invalidated` }, ctx.signal);
    const wanted = baseline === null ? slotsOf(slo.comparison) : SCANNED_MAX;
    return await scan(client, { ...where, type: `${prefix}${task}.finished` }, { task, slo, ctx, invalidated, wanted });
  } catch (error) {
    ctx.signal.throwIfAborted();
    // Keptn's sentence; the cause says which door was closed. It may open again, so the attempt may be repeated.
    const why = error instanceof Error ? error.message : String(error);
    const way = error instanceof SlipwayProblem && error.status === 403 ? '; the token needs events:read' : '';
    throw new Error(`could not retrieve previous evaluation.finished events: ${why}${way}`, { cause: error });
  }
}

interface Place {
  readonly project: string;
  readonly stage: string | undefined;
  readonly service: string | undefined;
  readonly type: string;
}

async function invalidatedIds(
  client: Pick<Client, 'listEvents'>,
  place: Place,
  signal: AbortSignal,
): Promise<Set<string>> {
  const { items } = await client.listEvents({ ...place, limit: SCANNED_MAX }, { signal });
  return new Set(items.flatMap(({ event }) => triggerOf(event) ?? []));
}

interface Scan {
  readonly task: string;
  readonly slo: Slo;
  readonly ctx: TaskContext;
  readonly invalidated: ReadonlySet<string>;
  readonly wanted: number;
}

async function scan(client: Pick<Client, 'listEvents'>, place: Place, given: Scan): Promise<PreviousEvaluation[]> {
  const { task, slo, ctx, invalidated, wanted } = given;
  const results = resultsWanted(slo.comparison);
  const found: PreviousEvaluation[] = [];
  let cursor: string | undefined;
  let scanned = 0;
  let fitting = 0;
  do {
    const page = await client.listEvents({ ...place, limit: PAGE, cursor }, { signal: ctx.signal });
    for (const item of page.items) {
      scanned += 1;
      // An answer that the control plane did not take decided nothing, so nothing is compared with it.
      if (item.ignored !== undefined) continue;
      const previous = previousOf(item.event, item.at, task, invalidated);
      found.push(previous);
      if (!previous.invalidated && (results === null || results.includes(previous.result))) fitting += 1;
    }
    cursor = page.next;
  } while (cursor !== undefined && fitting < wanted && scanned < SCANNED_MAX);
  return found;
}

function previousOf(
  event: Readonly<Record<string, unknown>>,
  at: number,
  task: string,
  invalidated: ReadonlySet<string>,
): PreviousEvaluation {
  const data = isRecord(event.data) ? { ...event.data, evaluation: event.data[task] } : event.data;
  const trigger = triggerOf(event);
  const previous = decodePrevious({
    id: text(event.id) ?? '',
    time: '',
    invalidated: trigger !== undefined && invalidated.has(trigger),
    contextId: text(event.correlationid) ?? text(event.shkeptncontext) ?? '',
    ...(text(event.gitcommitid) === undefined ? {} : { commit: text(event.gitcommitid) ?? '' }),
    data,
  });
  if (!previous.ok) throw new Error(previous.message);
  return { ...previous.value, at };
}

/** The id of the triggered event that an event answers, in either spelling. */
const triggerOf = (event: Readonly<Record<string, unknown>>): string | undefined =>
  text(event.causationid) ?? text(event.triggeredid);

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
