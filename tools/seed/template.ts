import type { RunSummary } from '@slipway/contract';
import { runIdOf } from '../../control-plane/src/runtime/ids.ts';
import type { CommitItem, EventRow, JournalEntry, Store, StoredEvent } from '../../control-plane/src/store/store.ts';

/** Who triggers: with the id of the trigger it makes the id of the run. */
export const SOURCE = '/seed';

/**
 * What a run that is written again has of its own. In a template these stand as trigger-NNNNNNN, answer-NNNNNNN,
 * build-NNNNNNN (its number), service-NNN and team-N.
 */
export type Own = { number: number; startedAt: number; service: number; team: number };

/** A finished run as the store has it. */
export type Template = {
  run: string;
  acceptedAt: number;
  summary: RunSummary;
  entries: { entry: JournalEntry; rows: EventRow[] }[];
  /** What in its texts is its own. */
  own: RegExp;
};

export async function readTemplate(store: Store, run: string): Promise<Template> {
  const summary = await store.getRun(run);
  if (summary?.state !== 'finished') throw new Error(`run ${run} has not finished`);
  const { items } = await store.listEvents({ run, order: 'oldest', limit: 1000 });
  const left = [...items];
  const entries = (await store.read(run)).map((entry) => ({
    entry,
    rows: left.splice(0, entry.events.length).map(rowOf),
  }));
  const own = new RegExp([run, NAMES, EPOCH_MS, ISO].join('|'), 'g');
  return { run, acceptedAt: summary.acceptedAt, summary, entries, own };
}

/** The template as a run of its own: the same history under other ids, at another time. One item for each journal entry. */
export function makeItems(template: Template, own: Own): CommitItem[] {
  const change = makeChange(template, own);
  const summary = JSON.parse(change(JSON.stringify(template.summary))) as RunSummary;
  return template.entries.map(({ entry, rows }, index) => ({
    stream: summary.id,
    seq: entry.seq,
    at: entry.at - template.acceptedAt + own.startedAt,
    header: change(entry.header),
    events: entry.events.map(change),
    rows: rows.map((row) => ({ ...row, id: change(row.id) })),
    summary,
    open: index < template.entries.length - 1,
    timersPut: [],
    timersDelete: [],
  }));
}

const EPOCH_MS = String.raw`\b1[78]\d{11}\b`;
const ISO = String.raw`\b20\d\d-\d\d-\d\dT[\d:.]{8,12}Z`;
const NAMES = String.raw`\b(?:trigger|answer|build)-\d{7}\b|\bservice-\d{3}\b|\bteam-\d\b`;

function makeChange(template: Template, own: Own): (text: string) => string {
  const number = String(own.number).padStart(7, '0');
  const run = runIdOf(SOURCE, `trigger-${number}`);
  const shift = own.startedAt - template.acceptedAt;
  const names: Record<string, string> = {
    trigger: `trigger-${number}`,
    answer: `answer-${number}`,
    build: `build-${number}`,
    service: `service-${String(own.service).padStart(3, '0')}`,
    team: `team-${own.team}`,
  };
  return (text) =>
    text.replace(template.own, (found) => {
      if (found === template.run) return run;
      const name = names[found.slice(0, found.indexOf('-'))];
      if (name !== undefined) return name;
      return found.includes('T') ? new Date(Date.parse(found) + shift).toISOString() : String(Number(found) + shift);
    });
}

function rowOf({ json, source, type, direction }: StoredEvent): EventRow {
  return { id: String((JSON.parse(json) as { id: unknown }).id), source, type, direction };
}
