import type { RunPhase, RunSummary } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, failureText, jsonBody, pathOf, request } from '../../api/client.ts';
import type { Page } from '../../api/queries.ts';
import { CliHint, cliLine } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { countText } from '../../ui/format.ts';
import { flagsOf, isFiltered, type RunSearch, runQueryOf } from './filter.ts';

const COUNT_MAX = 5_000;
const AT_ONCE = 8;
const openStates = ['waiting', 'running', 'paused', 'parked'] as const;
const END_PHASES: ReadonlySet<string> = new Set<RunPhase>(['passed', 'warning', 'failed', 'aborted']);

/** Counts what was chosen or what the filter matches, says what it will do, and then does it. */
export function BulkAbort(props: {
  search: RunSearch;
  chosen: readonly RunSummary[] | undefined;
  onClose: () => void;
}) {
  const { search, chosen, onClose } = props;
  const [reason, setReason] = useState('');
  const [done, setDone] = useState<Done>();
  const [error, setError] = useState<string>();
  const count = useQuery({
    queryKey: ['open-runs', chosen?.map(({ id }) => id) ?? search],
    queryFn: ({ signal }) => (chosen === undefined ? openRuns(search, signal) : stillOpen(chosen, signal)),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const runs = count.data ?? [];
  const abort = (): void => {
    abortAll(runs, reason, setDone).catch((failure: unknown) => setError(failureText(failure)));
  };
  return (
    <Dialog
      losesNothing={done !== undefined}
      title={chosen === undefined ? 'Abort all matching runs' : 'Abort selected runs'}
      onClose={onClose}
    >
      {count.isPending ? <p role="status">Counting …</p> : null}
      {count.isSuccess && runs.length === 0 ? <p>None of these runs is active, so there is nothing to abort.</p> : null}
      {runs.length > 0 && done === undefined ? (
        <>
          <p>
            <strong>{countText(runs.length, 'active run')}</strong>
            {runs.length >= COUNT_MAX ? ' (the first of more)' : ''}
            {chosen === undefined ? '' : ` of ${chosen.length} selected`} will be aborted. Running attempts are
            cancelled, and no further task starts. You cannot undo this.
          </p>
          <label className="field">
            <span>Reason (shown in each run's history)</span>
            <input
              className="input"
              value={reason}
              maxLength={1024}
              onChange={(event) => setReason(event.target.value)}
            />
          </label>
          <CliHint line={lineOf(search, chosen, reason)} />
        </>
      ) : null}
      {done === undefined ? null : (
        <p role="status">
          {done.ended} of {done.total} aborted
          {done.endedBefore === 0 ? '' : `, ${done.endedBefore} had already finished`}.
        </p>
      )}
      <DialogEnd
        error={count.isError ? failureText(count.error) : error}
        back={done === undefined ? 'Cancel' : 'Close'}
        onClose={onClose}
      >
        {done === undefined ? (
          <button type="button" className="button danger primary" disabled={runs.length === 0} onClick={abort}>
            {count.isPending ? 'Abort' : `Abort ${countText(runs.length, 'run')}`}
          </button>
        ) : null}
      </DialogEnd>
    </Dialog>
  );
}

type Done = { ended: number; endedBefore: number; total: number };

async function abortAll(runs: readonly RunSummary[], reason: string, tell: (done: Done) => void): Promise<void> {
  const waiting = [...runs];
  const done = { ended: 0, endedBefore: 0, total: runs.length };
  tell({ ...done });
  const body = jsonBody(reason === '' ? {} : { reason });
  const work = async (): Promise<void> => {
    for (let run = waiting.pop(); run; run = waiting.pop()) {
      try {
        await request({ method: 'POST', path: pathOf`/v1/runs/${run.id}/abort`, body });
        done.ended += 1;
      } catch (failure) {
        if (!hasEnded(failure)) {
          waiting.length = 0;
          throw failure;
        }
        done.endedBefore += 1;
      }
      tell({ ...done });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Between the count and the command it came to its own end, or retention has deleted it since. */
function hasEnded(failure: unknown): boolean {
  return failure instanceof ApiError && ['not-allowed-now', 'unknown-run'].includes(failure.problem?.code ?? '');
}

function lineOf(search: RunSearch, chosen: readonly RunSummary[] | undefined, reason: string): string {
  const filter = isFiltered(search) ? flagsOf(search) : ['--all'];
  const which = chosen?.map(({ id }) => id) ?? [...filter, '--yes'];
  return cliLine('abort', ...which, ...(reason === '' ? [] : ['--reason', reason]));
}

/** A row may have been ticked a while ago: what is open is asked again. */
async function stillOpen(chosen: readonly RunSummary[], signal: AbortSignal): Promise<RunSummary[]> {
  const ask = async ({ id }: RunSummary): Promise<RunSummary[]> => {
    try {
      return [await request<RunSummary>({ path: pathOf`/v1/runs/${id}`, signal })];
    } catch (failure) {
      if (hasEnded(failure)) return [];
      throw failure;
    }
  };
  const runs = await Promise.all(chosen.map(ask));
  return runs.flat().filter(({ state }) => state !== 'finished');
}

async function openRuns(search: RunSearch, signal: AbortSignal): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  const { state, ...filter } = runQueryOf(search, Date.now());
  const isOver = state !== undefined && END_PHASES.has(String(state));
  for (const open of isOver ? [] : state === undefined ? openStates : [state]) {
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
