import type { RunSummary, RunView } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { contextQuery, likeRunsQuery } from '../../api/queries.ts';
import { Badge } from '../../ui/badge.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { runLook } from '../../ui/state.ts';
import { Time, Took } from '../../ui/time.tsx';

/** Runs to compare with: first the last one that passed before, then those of the same sequence, and the other stages of its context. */
export function Candidates({ run }: { run: RunView }) {
  const like = useQuery(likeRunsQuery(run));
  const { data: context } = useQuery(contextQuery(run.correlationid));
  if (like.isError) {
    return <Failed error={like.error} what="The other runs cannot be shown" retry={() => void like.refetch()} />;
  }
  if (like.isPending) return <Loading rows={8} height={32} />;
  const others = like.data.items.filter(({ id }) => id !== run.id);
  const passed = others.find(({ acceptedAt, phase }) => acceptedAt < run.acceptedAt && phase === 'passed');
  const stages = context?.runs.filter(({ id }) => id !== run.id) ?? [];
  if (others.length + stages.length === 0) {
    return (
      <Empty title="No other run to compare with">
        <p>
          {run.stage}.{run.sequence} has run once so far. You can compare any two runs: select them in the list.
        </p>
        <Link to="/runs" search={{ project: run.project }} className="button">
          Runs of {run.project}
        </Link>
      </Empty>
    );
  }
  return (
    <>
      <p className="muted">
        Compare {run.stage}.{run.sequence}
        {run.service === undefined ? '' : ` of ${run.service}`}, accepted <Time at={run.acceptedAt} />, with:
      </p>
      <List title="Last passed run before it" runs={passed === undefined ? [] : [passed]} with={run} />
      <List title="Other stages of this context" runs={stages} with={run} />
      <List title="Same sequence and service" runs={others} with={run} />
    </>
  );
}

function List({ title, runs, with: run }: { title: string; runs: readonly RunSummary[]; with: RunView }) {
  if (runs.length === 0) return null;
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <ul className="candidates">
        {runs.map((one) => (
          <li key={one.id}>
            <Link to="/runs/compare" search={{ a: one.id, b: run.id }} data-line>
              <Badge look={runLook(one)} />
              <span className="cut">
                {one.stage}.{one.sequence}
              </span>
              <span className="cut muted labels-of">
                <Foreign
                  text={Object.entries(one.labels ?? {})
                    .map(([key, value]) => `${key}=${value}`)
                    .join('  ')}
                />
              </span>
              <span className="num muted">
                <Took from={one.acceptedAt} to={one.finishedAt} />
              </span>
              <span className="num muted">
                <Time at={one.acceptedAt} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
