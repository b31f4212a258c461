import './environment.css';
import type { EnvironmentCell, EvaluationSummary, Project, RunSummary } from '@slipway/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useRef } from 'react';
import { lastEvaluationsQuery } from '../../api/evaluations.ts';
import { environmentQuery, projectsQuery, shipyardVersionQuery } from '../../api/queries.ts';
import { useStream } from '../../api/stream.ts';
import { Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { countText } from '../../ui/format.ts';
import { useSeen, useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { runLook, verdictLook } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';
import { withRuns } from './live-cells.ts';

const route = getRouteApi('/environment');
/** What the stream tells is drawn at once; the counts are read again no more often than this. */
const RECOUNT_MS = 30_000;

/** What each service did last in each stage, and what is on its way there now. */
export function EnvironmentPage() {
  useTitle('Environment');
  const { project: wanted } = route.useSearch();
  const navigate = route.useNavigate();
  const projects = useQuery(projectsQuery);
  const cells = useQuery(environmentQuery);
  useLiveCells();
  const byProject = useMemo(() => Map.groupBy(cells.data?.items ?? [], ({ project }) => project), [cells.data]);
  const found = (projects.data?.items ?? []).filter(({ name }) => wanted === undefined || name === wanted);
  // What was read stays where it is while it cannot be read again: that the connection is lost is said beside it.
  const failed = [projects, cells].find(({ isError, data }) => isError && data === undefined);
  return (
    <div className="page">
      <div className="head">
        <h1>Environment</h1>
        <select
          className="select"
          aria-label="Project"
          value={wanted ?? ''}
          onChange={({ target }) => void navigate({ search: target.value === '' ? {} : { project: target.value } })}
        >
          <option value="">every project</option>
          {projects.data?.items.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <div className="end only-wide">
          <CliButton line={cliLine('get', 'runs', ...(wanted === undefined ? [] : ['--project', wanted]))} />
        </div>
      </div>
      {failed !== undefined ? (
        <Failed error={failed.error} what="The environment cannot be shown" retry={() => void failed.refetch()} />
      ) : projects.isPending || cells.isPending ? (
        <Loading rows={6} height={44} />
      ) : found.length === 0 ? (
        <Empty title={wanted === undefined ? 'There is no project yet' : 'There is no such project'}>
          <p>A project begins with its shipyard:</p>
          <pre>{cliLine('apply', 'shipyard-examples/delivery.yaml', '--project', wanted ?? 'delivery')}</pre>
        </Empty>
      ) : (
        found.map((project) => (
          <Matrix key={project.name} project={project} cells={byProject.get(project.name) ?? []} />
        ))
      )}
    </div>
  );
}

/** One stream for all of them: a browser opens no more than six connections to a server. */
function useLiveCells(): void {
  const queries = useQueryClient();
  const recount = useRef<ReturnType<typeof setTimeout>>(undefined);
  useStream({
    filter: { kind: 'run' },
    onResync: () => void queries.invalidateQueries({ queryKey: environmentQuery.queryKey }),
    onItems: (items) => {
      const runs = items.flatMap((item) => (item.kind === 'run' ? [item.value] : []));
      queries.setQueryData(environmentQuery.queryKey, (page) => page && { ...page, items: withRuns(page.items, runs) });
      recount.current ??= setTimeout(() => {
        recount.current = undefined;
        void queries.invalidateQueries({ queryKey: ['last-evaluations'] });
        void queries.invalidateQueries({ queryKey: environmentQuery.queryKey });
      }, RECOUNT_MS);
    },
  });
}

function Matrix({ project, cells }: { project: Project; cells: readonly EnvironmentCell[] }) {
  const { name, shipyardVersion } = project;
  const box = useRef<HTMLElement>(null);
  const seen = useSeen(box);
  const shipyard = useQuery({
    ...shipyardVersionQuery(name, shipyardVersion ?? ''),
    enabled: seen && shipyardVersion !== undefined,
  });
  const evaluated = useQuery({ ...lastEvaluationsQuery(name), enabled: seen });
  const lastOf = (stage: string, service: string): EvaluationSummary | undefined =>
    evaluated.data?.items.find((one) => one.stage === stage && (one.service ?? '') === service);
  const planned = shipyard.data?.plan.stages.map((stage) => stage.name) ?? [];
  // A stage that the shipyard no longer has still shows what ran there.
  const stages = [...new Set([...planned, ...cells.map(({ stage }) => stage)])];
  const services = [...Map.groupBy(cells, ({ service }) => service ?? '')].toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <section ref={box} className="panel matrix" aria-label={`Project ${name}`}>
      <header>
        <h2 className="cut">{name}</h2>
        <Link className="end" to="/runs" search={{ project: name }}>
          All its runs
        </Link>
      </header>
      {shipyard.isLoading ? (
        <Loading rows={2} height={32} />
      ) : cells.length === 0 ? (
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
            {services.map(([service, places]) => (
              <tr key={service}>
                <th scope="row">{service === '' ? <span className="muted">no service</span> : service}</th>
                {stages.map((stage) => (
                  <td key={stage} data-stage={stage}>
                    <Cell
                      cell={places.find((place) => place.stage === stage)}
                      evaluation={lastOf(stage, service)}
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

const OPEN_SHOWN_MAX = 3;

function Cell(props: {
  cell: EnvironmentCell | undefined;
  evaluation: EvaluationSummary | undefined;
  search: Record<string, string>;
}) {
  const { cell, evaluation, search } = props;
  if (cell === undefined) return <span className="muted">nothing yet</span>;
  const { last, openRuns, open } = cell;
  const shown = openRuns.slice(0, OPEN_SHOWN_MAX);
  const more = open - shown.length;
  return (
    <div className="cell">
      {shown.map((run) => (
        <Line key={run.id} run={run} note={run.state === 'waiting' ? 'waits for its turn' : run.openTasks.join(', ')} />
      ))}
      {more > 0 ? (
        <Link to="/runs" search={search} className="more">
          and {countText(more, 'more that is open', 'more that are open')}
        </Link>
      ) : null}
      {last === undefined ? null : <Line run={last} note={<Time at={last.finishedAt ?? last.updatedAt} />} />}
      {evaluation === undefined ? null : <Evaluated evaluation={evaluation} />}
    </div>
  );
}

function Evaluated({ evaluation }: { evaluation: EvaluationSummary }) {
  const look = verdictLook(evaluation.verdict);
  return (
    <Link
      to="/evaluations/$evaluation"
      params={{ evaluation: evaluation.id }}
      className={`cell-line tone-${look.tone}`}
      title={evaluation.why}
      data-line
    >
      <Glyph shape={look.shape} />
      <span className="word">{look.word}</span>
      <span className="cut">evaluation{evaluation.score === null ? '' : ` ${Math.round(evaluation.score)}`}</span>
      <span className="muted cut">
        <Time at={evaluation.at} />
      </span>
    </Link>
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
