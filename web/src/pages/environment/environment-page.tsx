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
import { useHeld, useHold } from '../../ui/hold.ts';
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
  const { held, hold } = useHold();
  const { shown, isBehind, catchUp } = useHeld(cells.data, held);
  const byProject = useMemo(() => Map.groupBy(shown?.items ?? [], ({ project }) => project), [shown]);
  const found = (projects.data?.items ?? []).filter(({ name }) => wanted === undefined || name === wanted);
  const active = found.filter(({ name }) => byProject.has(name));
  const empty = found.filter(({ name }) => !byProject.has(name));
  // Data that was read stays while it cannot be read again: the rail says that the connection is lost.
  const failed = [projects, cells].find(({ isError, data }) => isError && data === undefined);
  return (
    <div className="page environment-page">
      <div className="head">
        <h1>Environment</h1>
        <select
          className="select"
          aria-label="Project"
          value={wanted ?? ''}
          onChange={({ target }) => void navigate({ search: target.value === '' ? {} : { project: target.value } })}
        >
          <option value="">All projects</option>
          {projects.data?.items.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <div className="end only-wide">
          <CliButton line={cliLine('get', 'runs', ...(wanted === undefined ? [] : ['--project', wanted]))} />
        </div>
      </div>
      {isBehind ? (
        <div className="catch-up">
          <button type="button" className="button primary small" onClick={catchUp}>
            Show updates
          </button>
        </div>
      ) : null}
      {failed !== undefined ? (
        <Failed error={failed.error} what="The environment cannot be shown" retry={() => void failed.refetch()} />
      ) : projects.isPending || cells.isPending ? (
        <Loading rows={6} height={44} />
      ) : found.length === 0 ? (
        <Empty title={wanted === undefined ? 'No projects yet' : `There is no project ${wanted}`}>
          <p>A project is created when you apply its first shipyard:</p>
          <pre>{cliLine('apply', 'shipyard-examples/delivery.yaml', '--project', wanted ?? 'delivery')}</pre>
          <Link to="/projects" className="button">
            Projects
          </Link>
        </Empty>
      ) : (
        <div className="matrices" {...hold}>
          {active.map((project) => (
            <Matrix key={project.name} project={project} cells={byProject.get(project.name) ?? []} held={held} />
          ))}
          {empty.length === 0 ? null : <NoRunsYet projects={empty} />}
        </div>
      )}
    </div>
  );
}

/** Projects that never ran, in one line, each with the way to its shipyard. */
function NoRunsYet({ projects }: { projects: readonly Project[] }) {
  return (
    <p className="muted no-runs">
      No runs yet:{' '}
      {projects.map(({ name }, at) => (
        <span key={name}>
          {at === 0 ? '' : ', '}
          <Link to="/projects/$project" params={{ project: name }}>
            {name}
          </Link>
        </span>
      ))}
    </p>
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

function Matrix(props: { project: Project; cells: readonly EnvironmentCell[]; held: boolean }) {
  const { project, cells, held } = props;
  const { name, shipyardVersion } = project;
  const box = useRef<HTMLElement>(null);
  const seen = useSeen(box);
  const shipyard = useQuery({
    ...shipyardVersionQuery(name, shipyardVersion ?? ''),
    enabled: seen && shipyardVersion !== undefined,
  });
  const evaluated = useQuery({ ...lastEvaluationsQuery(name), enabled: seen });
  const { shown: evaluations } = useHeld(evaluated.data?.items, held);
  const lastOf = (stage: string, service: string): EvaluationSummary | undefined =>
    evaluations?.find((one) => one.stage === stage && (one.service ?? '') === service);
  const planned = shipyard.data?.plan.stages.map((stage) => stage.name) ?? [];
  // A stage that the shipyard no longer has still shows what ran there.
  const stages = [...new Set([...planned, ...cells.map(({ stage }) => stage)])];
  const services = [...Map.groupBy(cells, ({ service }) => service ?? '')].toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <section ref={box} className="panel matrix" aria-label={`Project ${name}`}>
      <header>
        <h2 className="cut">{name}</h2>
        <Link className="end" to="/runs" search={{ project: name }}>
          View runs
        </Link>
      </header>
      {shipyard.isLoading ? (
        <Loading rows={2} height={32} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        <section className="scroll" aria-label={`Stages of ${name}`} tabIndex={0}>
          <table style={{ ['--stages' as string]: stages.length }}>
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
                  <th scope="row">{service === '' ? <span className="muted">No service</span> : service}</th>
                  {stages.map((stage) => (
                    <td key={stage} data-stage={stage}>
                      <Cell
                        cell={places.find((place) => place.stage === stage)}
                        evaluation={lastOf(stage, service)}
                        isEvaluated={(evaluations?.length ?? 0) > 0}
                        search={{ project: name, stage, ...(service === '' ? {} : { service }) }}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

function Cell(props: {
  cell: EnvironmentCell | undefined;
  evaluation: EvaluationSummary | undefined;
  /** Whether the project has evaluations: then each cell has a line for them. */
  isEvaluated: boolean;
  search: Record<string, string>;
}) {
  const { cell, evaluation, isEvaluated, search } = props;
  if (cell === undefined) {
    return (
      <div className="cell untouched">
        <span className="none">No runs</span>
      </div>
    );
  }
  const [newest] = cell.openRuns;
  const more = cell.open - 1;
  return (
    <div className="cell">
      {newest === undefined ? (
        <span className="none">Idle</span>
      ) : (
        <span className="open">
          <Line run={newest} note={newest.openTasks.join(', ')} />
          {more > 0 ? (
            <Link to="/runs" search={search} className="more" aria-label={`${more} more active runs`}>
              +{more}
            </Link>
          ) : null}
        </span>
      )}
      {cell.last === undefined ? (
        <span className="none">No finished run</span>
      ) : (
        <Line run={cell.last} note={<Time at={cell.last.finishedAt ?? cell.last.updatedAt} />} />
      )}
      {!isEvaluated ? null : evaluation === undefined ? (
        <span className="none">No evaluation</span>
      ) : (
        <Evaluated evaluation={evaluation} />
      )}
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
      <span className="word cut">
        <strong>{look.word}</strong> {evaluation.score === null ? '' : Math.round(evaluation.score)}
      </span>
      <span className="what cut">
        Evaluation · <Time at={evaluation.at} />
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
      <span className="word cut">
        <strong>{look.word}</strong> {build ?? ''}
      </span>
      <span className="what cut">
        {run.sequence}
        {note === '' ? '' : ' · '}
        {note}
      </span>
    </Link>
  );
}
