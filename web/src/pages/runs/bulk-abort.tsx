import type { RunSummary } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jsonBody, pathOf, request } from '../../api/client.ts';
import type { Page } from '../../api/queries.ts';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { countText } from '../../ui/format.ts';
import { type RunSearch, runQueryOf } from './filter.ts';

const COUNT_MAX = 5_000;
const AT_ONCE = 8;
const openStates = ['waiting', 'running', 'paused', 'parked'] as const;

/** Counts what was chosen or what the filter matches, says what it will do, and then does it. */
export function BulkAbort(props: {
  search: RunSearch;
  chosen: readonly RunSummary[] | undefined;
  onClose: () => void;
}) {
  const { search, chosen, onClose } = props;
  const [reason, setReason] = useState('');
  const [done, setDone] = useState<{ ended: number; refused: number; total: number }>();
  const count = useQuery({
    queryKey: ['open-runs', chosen?.map(({ id }) => id) ?? search],
    queryFn: ({ signal }) => (chosen === undefined ? openRuns(search, signal) : stillOpen(chosen, signal)),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const runs = count.data ?? [];
  const abort = async (): Promise<void> => {
    const waiting = [...runs];
    const result = { ended: 0, refused: 0, total: runs.length };
    setDone({ ...result });
    const work = async (): Promise<void> => {
      for (let run = waiting.pop(); run; run = waiting.pop()) {
        try {
          await request({
            method: 'POST',
            path: pathOf`/v1/runs/${run.id}/abort`,
            body: jsonBody(reason === '' ? {} : { reason }),
          });
          result.ended += 1;
        } catch {
          // It ended by itself between the count and now: nothing was to be aborted.
          result.refused += 1;
        }
        setDone({ ...result });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  };
  const over = done !== undefined && done.ended + done.refused === done.total;
  return (
    <Dialog
      title={chosen === undefined ? 'Abort every open run of this filter' : 'Abort the runs that were chosen'}
      onClose={onClose}
    >
      {count.isPending ? <p role="status">Counting …</p> : null}
      {count.isError ? <p role="alert">{count.error.message}</p> : null}
      {count.isSuccess && done === undefined ? (
        <>
          <p>
            <strong>{countText(runs.length, 'open run')}</strong>
            {runs.length >= COUNT_MAX ? ' (the first of more)' : ''}
            {chosen === undefined ? '' : ` of the ${chosen.length} chosen`} will end as aborted. Attempts that services
            are working on are cancelled; tasks that have not started never will. This cannot be undone.
          </p>
          <label className="field">
            <span>Reason, kept in the history of each run</span>
            <input
              className="input"
              value={reason}
              maxLength={1024}
              onChange={(event) => setReason(event.target.value)}
            />
          </label>
        </>
      ) : null}
      {done === undefined ? null : (
        <p role="status">
          {done.ended} of {done.total} aborted{done.refused === 0 ? '' : `, ${done.refused} had ended by themselves`}.
        </p>
      )}
      <DialogEnd back={over ? 'Close' : 'Cancel'} onClose={onClose}>
        {done === undefined ? (
          <button
            type="button"
            className="button danger primary"
            disabled={runs.length === 0}
            onClick={() => void abort()}
          >
            Abort {countText(runs.length, 'run')}
          </button>
        ) : null}
      </DialogEnd>
    </Dialog>
  );
}

/** A row may have been ticked a while ago: what is open is asked again. */
async function stillOpen(chosen: readonly RunSummary[], signal: AbortSignal): Promise<RunSummary[]> {
  const runs = await Promise.all(chosen.map(({ id }) => request<RunSummary>({ path: pathOf`/v1/runs/${id}`, signal })));
  return runs.filter(({ state }) => state !== 'finished');
}

async function openRuns(search: RunSearch, signal: AbortSignal): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  const { state, result, ...filter } = runQueryOf(search, Date.now());
  for (const open of state === undefined || result !== undefined ? openStates : [state]) {
    let cursor: string | undefined;
    do {
      const query = { ...filter, state: open, limit: 1000, cursor };
      const page: Page<RunSummary> = await request({ path: '/v1/runs', query, signal });
      found.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined && found.length < COUNT_MAX);
  }
  return found.slice(0, COUNT_MAX);
}
