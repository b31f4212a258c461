import type { CloudEvent } from '@slipway/contract';
import { plainType } from '@slipway/contract';
import type { Evaluated, GroupInput, OutEvent, RunInput } from '../engine/index.ts';
import type { EventRow, JournalEntry } from '../store/store.ts';

/**
 * A journal entry as it is stored: a header with the inputs that were decided, then one line for each event, those taken
 * first. An input that came as an event names its line, so that no event is written twice.
 */
export type Decided<I> = {
  input: I;
  ignored: string | undefined;
  /** What the expressions of the decision came to, in the order in which it asked for them. */
  outcomes?: readonly Evaluated[];
};

/** An input as it is read back; without outcomes an older program wrote it, or it asked for none. */
export type ReadDecision = { input: RunInput; outcomes: readonly Evaluated[] | undefined };

const HEADER_VERSION = 1;

export function encodeRunEntry(
  decided: readonly Decided<RunInput>[],
  sent: readonly OutEvent[],
  ownSource: string,
): { header: string; events: string[]; rows: EventRow[] } {
  const events: string[] = [];
  const rows: EventRow[] = [];
  const inputs: unknown[] = [];
  for (const { input, ignored, outcomes = [] } of decided) {
    const more = outcomes.length === 0 ? undefined : { x: outcomes.map(encodeOutcome) };
    if (input.kind === 'trigger' || input.kind === 'answer') {
      const { event, json, ...rest } = input;
      inputs.push({ ...rest, e: events.length, ...more });
      events.push(json);
      const row: EventRow = { id: event.id, source: event.source, type: plainType(event.type), direction: 'in' };
      if (ignored !== undefined) row.ignored = ignored;
      rows.push(row);
    } else {
      inputs.push(more === undefined ? input : { ...input, ...more });
    }
  }
  for (const event of sent) {
    events.push(event.json);
    rows.push({ id: event.id, source: ownSource, type: event.type, direction: 'out' });
  }
  return { header: JSON.stringify({ v: HEADER_VERSION, i: inputs }), events, rows };
}

export function encodeGroupEntry(inputs: readonly GroupInput[]): string {
  return JSON.stringify({ v: HEADER_VERSION, i: inputs });
}

export function decodeRunEntry(entry: JournalEntry): RunInput[] {
  return decodeRunDecisions(entry).map(({ input }) => input);
}

export function decodeRunDecisions(entry: JournalEntry): ReadDecision[] {
  return readInputs(entry).map(({ x, ...stored }) => ({
    input: decodeInput(stored, entry),
    outcomes: x?.map(decodeOutcome),
  }));
}

/** A value, or why there is none: message, code and place. */
type StoredOutcome = { v?: unknown } | { f: string; c?: string; a?: string };

function encodeOutcome(outcome: Evaluated): StoredOutcome {
  if (outcome.ok) return { v: outcome.value };
  const { message, code, at } = outcome;
  return { f: message, ...(code === undefined ? {} : { c: code }), ...(at === undefined ? {} : { a: at }) };
}

function decodeOutcome(stored: StoredOutcome): Evaluated {
  if (!('f' in stored)) return { ok: true, value: stored.v };
  const { f: message, c: code, a: at } = stored;
  return { ok: false, message, ...(code === undefined ? {} : { code }), ...(at === undefined ? {} : { at }) };
}

type StoredInput = { e?: number } & Record<string, unknown>;

function decodeInput(stored: StoredInput, entry: JournalEntry): RunInput {
  if (typeof stored.e !== 'number') return stored as unknown as RunInput;
  const { e, ...rest } = stored;
  const json = entry.events[e];
  if (json === undefined) throw new Error(`journal entry ${entry.stream}/${entry.seq} lacks event ${e}`);
  return { ...rest, json, event: JSON.parse(json) as CloudEvent } as unknown as RunInput;
}

export function decodeGroupEntry(entry: JournalEntry): GroupInput[] {
  return readInputs(entry) as unknown as GroupInput[];
}

function readInputs(entry: JournalEntry): (StoredInput & { x?: StoredOutcome[] })[] {
  const header = JSON.parse(entry.header) as { v: number; i: (StoredInput & { x?: StoredOutcome[] })[] };
  if (header.v !== HEADER_VERSION) {
    throw new Error(
      `journal entry ${entry.stream}/${entry.seq} has version ${header.v}; this program reads ${HEADER_VERSION}`,
    );
  }
  return header.i;
}
