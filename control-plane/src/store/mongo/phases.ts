import { phaseOfRow, phasesOf, type RunSummary } from '@slipway/contract';
import type { AnyBulkWriteOperation, Filter } from 'mongodb';
import { ask } from './ask.ts';
import type { Collections, StreamDoc } from './collections.ts';

/** Rows that are brought up to date in one go. */
const TOGETHER = 500;
const TIMEOUT_MS = 15_000;

/** Older programs wrote no phase. */
export function parseSummary(json: string | undefined): RunSummary {
  const summary = JSON.parse(json ?? 'null') as RunSummary;
  return summary.phase === undefined ? { ...summary, phase: phaseOfRow(summary) } : summary;
}

/**
 * Gives rows of an older program their phase: those from before the upgrade, and those that an older replica has changed since.
 * Called at each open, so that the last replica that is upgraded finds what the older ones have left.
 */
export async function findPhases({ streams }: Collections): Promise<void> {
  const isOld: Filter<StreamDoc>[] = [
    { phase: { $exists: false }, state: { $exists: true } },
    { state: 'finished', phase: { $nin: phasesOf('finished') } },
  ];
  for (const filter of isOld) {
    for (;;) {
      const docs = await ask('rows without a phase', TIMEOUT_MS, () =>
        streams
          .find(filter, { projection: { summary: 1, summarySeq: 1 } })
          .limit(TOGETHER)
          .toArray(),
      );
      if (docs.length === 0) break;
      const writes: AnyBulkWriteOperation<StreamDoc>[] = docs.map(({ _id, summary: json, summarySeq }) => {
        const summary = parseSummary(json);
        const set = { phase: summary.phase, summary: JSON.stringify(summary) };
        // A row that has changed since it was read is that of its new summary.
        return { updateOne: { filter: { _id, summarySeq }, update: { $set: set } } };
      });
      await ask('phases', TIMEOUT_MS, () => streams.bulkWrite(writes, { ordered: false }));
    }
  }
}
