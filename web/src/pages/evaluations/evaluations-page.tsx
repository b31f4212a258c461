import '../run/run.css';
import './evaluations.css';
import type { EvaluationSummary } from '@slipway/contract';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { evaluationQuery, evaluationsQuery } from '../../api/evaluations.ts';
import { projectsQuery } from '../../api/queries.ts';
import { useStream } from '../../api/stream.ts';
import { Badge } from '../../ui/badge.tsx';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { countText } from '../../ui/format.ts';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { verdictLook } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';
import { decisionOf } from '../evaluation/decision.ts';
import { CellPanel } from './cell-panel.tsx';
import { buildOf, heatMapOf, numberText, type PlaceHistory, placesOf, TOTAL } from './heat.ts';
import { type CellAt, HeatMap } from './heat-map.tsx';
import { StartEvaluation } from './start-evaluation.tsx';
import { type Limit, Trend, type TrendPoint } from './trend.tsx';

const route = getRouteApi('/evaluations');
const COLUMNS_PAGE = 40;

/** How good what was delivered is, build by build: a heat map of every SLI, and how the score and one SLI went. */
export function EvaluationsPage() {
  useTitle('Evaluations');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projects = useQuery(projectsQuery);
  const project = search.project ?? projects.data?.items[0]?.name;
  const [starting, setStarting] = useState(false);
  return (
    <div className="page evaluations-page">
      <div className="head">
        <h1>Evaluations</h1>
        <select
          className="select"
          aria-label="Project"
          value={project ?? ''}
          onChange={({ target }) => void navigate({ search: { project: target.value } })}
        >
          {project === undefined ? <option value="">No project</option> : null}
          {projects.data?.items.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <div className="end">
          <button type="button" className="button" disabled={project === undefined} onClick={() => setStarting(true)}>
            Start an evaluation …
          </button>
          {project === undefined ? null : (
            <span className="only-wide">
              <CliButton
                line={cliLine(
                  ...['get', 'evaluations', '--project', project],
                  ...(search.stage === undefined ? [] : ['--stage', search.stage]),
                  ...(search.service === undefined ? [] : ['--service', search.service]),
                )}
              />
            </span>
          )}
        </div>
      </div>
      {projects.isError ? (
        <Failed error={projects.error} what="The projects cannot be shown" retry={() => void projects.refetch()} />
      ) : projects.isPending ? (
        <Loading rows={8} height={28} />
      ) : project === undefined ? (
        <Empty title="No projects yet">
          <p>An evaluation belongs to a service in a stage of a project. Start with a shipyard.</p>
          <Link to="/projects" className="button">
            Projects
          </Link>
        </Empty>
      ) : (
        <Project project={project} />
      )}
      {starting && project !== undefined ? (
        <StartEvaluation
          project={project}
          stage={search.stage}
          service={search.service}
          onClose={() => setStarting(false)}
        />
      ) : null}
    </div>
  );
}

function Project({ project }: { project: string }) {
  const search = route.useSearch();
  const list = useInfiniteQuery(evaluationsQuery(project));
  useLiveEvaluations(project);
  const all = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const places = useMemo(() => placesOf(all), [all]);
  if (list.isError) {
    return <Failed error={list.error} what="The evaluations cannot be shown" retry={() => void list.refetch()} />;
  }
  if (list.isPending) return <Loading rows={10} height={28} />;
  const [newest] = places;
  if (newest === undefined) {
    return (
      <Empty title="No evaluations yet">
        <p>
          An evaluation compares the metrics of a service with its slo.yaml. Add a task <code>evaluate</code> to a
          sequence, or start an evaluation here.
        </p>
        <Link to="/projects/$project" params={{ project }} search={{ tab: 'quality' }} className="button">
          Objectives of {project}
        </Link>
      </Empty>
    );
  }
  const shown =
    places.find(
      ({ stage, service }) =>
        (search.stage === undefined || stage === search.stage) &&
        (search.service === undefined || service === search.service),
    ) ?? (search.stage === undefined && search.service === undefined ? newest : undefined);
  return (
    <>
      {places.length > 1 || shown === undefined ? <Places project={project} places={places} shown={shown} /> : null}
      {shown === undefined ? (
        <Empty title="No evaluations here yet">
          <p>
            {search.service ?? 'any service'} in {search.stage ?? 'any stage'}
          </p>
        </Empty>
      ) : (
        <History key={`${shown.stage} ${shown.service}`} place={shown} />
      )}
      {list.hasNextPage ? (
        <div>
          <button
            type="button"
            className="button"
            disabled={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Load older evaluations
          </button>
        </div>
      ) : null}
    </>
  );
}

const RELOAD_MS = 1_000;

/** A run that ended may have evaluated something: the list is read again, once a second at most. */
function useLiveEvaluations(project: string): void {
  const queries = useQueryClient();
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const read = (): void => {
    waiting.current = undefined;
    void queries.invalidateQueries({ queryKey: ['evaluations', project] });
  };
  useStream({
    filter: { project, kind: 'run' },
    onResync: read,
    onItems: () => {
      waiting.current ??= setTimeout(read, RELOAD_MS);
    },
  });
}

/** Every service in every stage with its last verdict: which map one wants to see. */
function Places(props: { project: string; places: readonly PlaceHistory[]; shown: PlaceHistory | undefined }) {
  const { project, places, shown } = props;
  return (
    <nav className="panel places" aria-label="Services and stages">
      {places.map((place) => {
        const [newest] = place.evaluations;
        return (
          <Link
            key={`${place.stage} ${place.service}`}
            to="/evaluations"
            search={{ project, stage: place.stage, ...(place.service === undefined ? {} : { service: place.service }) }}
            activeOptions={{ exact: true, includeSearch: true }}
            aria-current={place === shown ? 'true' : undefined}
            data-line
          >
            <span className="cut">
              <strong>{place.service ?? 'no service'}</strong> <span className="muted">in {place.stage}</span>
            </span>
            {newest === undefined ? null : (
              <>
                <Badge look={verdictLook(newest.verdict)} />
                <span className="num">{newest.score === null ? '' : numberText(newest.score)}</span>
                <span className="num muted">
                  <Time at={newest.at} />
                </span>
              </>
            )}
          </Link>
        );
      })}
    </nav>
  );
}

function History({ place }: { place: PlaceHistory }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [columns, setColumns] = useState(COLUMNS_PAGE);
  const [pointed, setPointed] = useState<CellAt>();
  const shown = useMemo(() => place.evaluations.slice(0, columns), [place.evaluations, columns]);
  const map = useMemo(() => heatMapOf(shown), [shown]);
  const at = pointed ?? { evaluation: search.at ?? shown[0]?.id ?? '', sli: search.sli ?? TOTAL };
  const evaluation = shown.find(({ id }) => id === at.evaluation) ?? shown[0];
  // The SLI that is drawn below stays when the pointer is over the row of the score.
  const drawn = search.sli ?? map.rows[0]?.sli;
  return (
    <>
      <div className="heat-split">
        <section className="panel" aria-label="Heat map">
          <header>
            <h2 className="cut">
              {place.service ?? 'no service'} <span className="muted">in {place.stage}</span>
            </h2>
            <span className="muted end">
              {countText(place.evaluations.length, 'evaluation')}
              {place.evaluations.length > columns ? (
                <button type="button" className="button small ghost" onClick={() => setColumns(columns * 2)}>
                  Show older
                </button>
              ) : null}
            </span>
          </header>
          <HeatMap map={map} at={at} onAt={setPointed} />
          <Legend />
        </section>
        <CellPanel evaluation={evaluation} sli={at.sli} />
      </div>
      <div className="split even">
        <section className="panel" aria-label="Score over time">
          <header>
            <h2>Score</h2>
          </header>
          <ScoreTrend evaluations={shown} at={at} onAt={setPointed} />
        </section>
        {drawn === undefined ? null : (
          <section className="panel" aria-label="One SLI over time">
            <header>
              <select
                className="select"
                aria-label="SLI that is drawn"
                value={drawn}
                onChange={({ target }) =>
                  void navigate({ search: { ...search, sli: target.value }, replace: true, resetScroll: false })
                }
              >
                {map.rows.map(({ sli, name }) => (
                  <option key={sli} value={sli}>
                    {name}
                  </option>
                ))}
              </select>
              <span className="muted end">dashed: baseline</span>
            </header>
            <SliTrend evaluations={shown} sli={drawn} at={at} onAt={setPointed} />
          </section>
        )}
      </div>
    </>
  );
}

function Legend() {
  return (
    <ul className="legend heat-legend">
      {(['pass', 'warning', 'fail', 'info', 'inconclusive'] as const).map((status) => (
        <li key={status}>
          <Badge look={verdictLook(status)} />
        </li>
      ))}
      <li className="muted">· not evaluated</li>
    </ul>
  );
}

type TrendProps = { evaluations: readonly EvaluationSummary[]; at: CellAt; onAt: (at: CellAt) => void };

function ScoreTrend({ evaluations, at, onAt }: TrendProps) {
  const limits = useLimits(evaluations[0]);
  const points = evaluations.toReversed().map(
    (one): TrendPoint => ({
      ...{ id: one.id, label: labelOf(one), value: one.score, baseline: null, status: one.verdict },
      invalid: one.invalidated !== undefined,
    }),
  );
  return (
    <Trend
      title="Score"
      points={points}
      limits={limits}
      at={at.evaluation}
      onAt={(evaluation) => onAt({ evaluation, sli: TOTAL })}
      fromZero
    />
  );
}

/** What a score must reach now: as the newest decision says. */
function useLimits(newest: EvaluationSummary | undefined): Limit[] {
  const { data } = useQuery({ ...evaluationQuery(newest?.id ?? ''), enabled: newest !== undefined });
  const decision = data === undefined ? undefined : decisionOf(data.decision);
  return [
    ...(decision?.pass === undefined ? [] : [{ value: decision.pass, word: 'passes from', tone: 'pass' } as const]),
    ...(decision?.warning === undefined
      ? []
      : [{ value: decision.warning, word: 'warns from', tone: 'warning' } as const]),
  ];
}

function SliTrend({ evaluations, sli, at, onAt }: TrendProps & { sli: string }) {
  const points = evaluations.toReversed().flatMap((one): TrendPoint[] => {
    const cell = one.slis?.find((entry) => entry.sli === sli);
    if (cell === undefined) return [];
    const { value, baseline, status } = cell;
    return [{ id: one.id, label: labelOf(one), value, baseline, status, invalid: one.invalidated !== undefined }];
  });
  return (
    <Trend
      title={sli}
      points={points}
      limits={[]}
      at={at.evaluation}
      onAt={(evaluation) => onAt({ evaluation, sli })}
    />
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function labelOf(evaluation: EvaluationSummary): string {
  return buildOf(evaluation) ?? clock.format(evaluation.at);
}
