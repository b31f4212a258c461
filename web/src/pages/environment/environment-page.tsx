import './environment.css';
import type { Project, RunSummary } from '@slipway/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Page, projectsQuery, recentRunsQuery, shipyardQuery } from '../../api/queries.ts';
import { useStream } from '../../api/stream.ts';
import { Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { runLook } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';

/** What each service did last in each stage, and what is on its way there now. */
export function EnvironmentPage() {
  useTitle('Environment');
  const queries = useQueryClient();
  const projects = useQuery(projectsQuery);
  // One stream for all of them: a browser opens no more than six connections to a server.
  useStream({
    filter: { kind: 'run' },
    onResync: () => void queries.invalidateQueries({ queryKey: ['recent-runs'] }),
    onItems: (items) => {
      const byProject = Map.groupBy(
        items.flatMap((item) => (item.kind === 'run' ? [item.value] : [])),
        (run) => run.project,
      );
      for (const [project, runs] of byProject) {
        const told = new Map(runs.map((run) => [run.id, run]));
        queries.setQueryData<Page<RunSummary>>(
          recentRunsQuery(project).queryKey,
          (page) => page && { ...page, items: merge(page.items, told) },
        );
      }
    },
  });
  const found = projects.data?.items ?? [];
  return (
    <div className="page">
      <div className="head">
        <h1>Environment</h1>
        <span className="muted">what each service did last, stage by stage</span>
        <div className="end only-wide">
          <CliButton line={cliLine('get', 'projects')} />
        </div>
      </div>
      {projects.isError ? (
        <Failed error={projects.error} what="The projects cannot be shown" retry={() => void projects.refetch()} />
      ) : projects.isPending ? (
        <Loading rows={6} height={44} />
      ) : found.length === 0 ? (
        <Empty title="There is no project yet">
          <p>A project begins with its shipyard:</p>
          <pre>{cliLine('apply', 'shipyard-examples/delivery.yaml', '--project', 'delivery')}</pre>
        </Empty>
      ) : (
        found.map((project) => <Matrix key={project.name} project={project} />)
      )}
    </div>
  );
}

function Matrix({ project }: { project: Project }) {
  const { name } = project;
  const runs = useQuery(recentRunsQuery(name));
  const shipyard = useQuery({ ...shipyardQuery(name), enabled: project.shipyardVersion !== undefined });
  const stages = shipyard.data?.plan.stages.map((stage) => stage.name) ?? [];
  const rows = useMemo(() => cellsOf(runs.data?.items ?? []), [runs.data]);
  return (
    <section className="panel matrix" aria-label={`Project ${name}`}>
      <header>
        <h2>{name}</h2>
        <Link className="end" to="/runs" search={{ project: name }}>
          All its runs
        </Link>
      </header>
      {runs.isError ? (
        <Failed error={runs.error} what="Its runs cannot be shown" retry={() => void runs.refetch()} />
      ) : runs.isPending || shipyard.isLoading ? (
        <Loading rows={2} height={32} />
      ) : rows.size === 0 ? (
        <p className="nothing muted">Nothing has run here yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Service</th>
              {stages.map((stage) => (
                <th key={stage} scope="col">
                  {stage}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...rows].map(([service, cells]) => (
              <tr key={service}>
                <th scope="row">{service === '' ? <span className="muted">no service</span> : service}</th>
                {stages.map((stage) => (
                  <td key={stage} data-stage={stage}>
                    <Cell
                      cell={cells.get(stage)}
                      search={{ project: name, stage, ...(service === '' ? {} : { service }) }}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

type CellRuns = { last: RunSummary | undefined; open: RunSummary[] };
const OPEN_SHOWN_MAX = 3;
const RUNS_MAX = 1_000;

function Cell({ cell, search }: { cell: CellRuns | undefined; search: Record<string, string> }) {
  if (cell === undefined) return <span className="muted">nothing yet</span>;
  const { last, open } = cell;
  const more = open.length - OPEN_SHOWN_MAX;
  return (
    <div className="cell">
      {open.slice(0, OPEN_SHOWN_MAX).map((run) => (
        <Line key={run.id} run={run} note={run.state === 'waiting' ? 'waits for its turn' : run.openTasks.join(', ')} />
      ))}
      {more > 0 ? (
        <Link to="/runs" search={search} className="more">
          and {more} more
        </Link>
      ) : null}
      {last === undefined ? null : <Line run={last} note={<Time at={last.finishedAt ?? last.updatedAt} />} />}
    </div>
  );
}

function Line({ run, note }: { run: RunSummary; note: React.ReactNode }) {
  const look = runLook(run);
  const build = run.labels?.build ?? run.labels?.version;
  return (
    <Link
      to="/runs/$run"
      params={{ run: run.id }}
      className={`cell-line tone-${look.tone}`}
      title={run.message}
      data-line
    >
      <Glyph shape={look.shape} />
      <span className="word">{look.word}</span>
      <span className="cut">
        {run.sequence}
        {build === undefined ? '' : ` ${build}`}
      </span>
      <span className="muted cut">{note}</span>
    </Link>
  );
}

function merge(runs: readonly RunSummary[], told: ReadonlyMap<string, RunSummary>): RunSummary[] {
  const known = new Set(runs.map(({ id }) => id));
  const added = [...told.values()].filter(({ id }) => !known.has(id)).toSorted((a, b) => b.acceptedAt - a.acceptedAt);
  return [...added, ...runs.map((run) => told.get(run.id) ?? run)].slice(0, RUNS_MAX);
}

/** By service and stage: what is open, and what ended last. The runs come newest first. */
function cellsOf(runs: readonly RunSummary[]): Map<string, Map<string, CellRuns>> {
  const rows = new Map<string, Map<string, CellRuns>>();
  for (const run of runs) {
    const row = rows.get(run.service ?? '') ?? new Map<string, CellRuns>();
    rows.set(run.service ?? '', row);
    const cell = row.get(run.stage) ?? { last: undefined, open: [] };
    row.set(run.stage, cell);
    if (run.state !== 'finished') cell.open.push(run);
    else if (cell.last === undefined || (run.finishedAt ?? 0) > (cell.last.finishedAt ?? 0)) cell.last = run;
  }
  return new Map([...rows].toSorted(([a], [b]) => a.localeCompare(b)));
}
