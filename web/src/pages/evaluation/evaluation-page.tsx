import '../run/run.css';
import '../evaluations/evaluations.css';
import './evaluation.css';
import type { Evaluation } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { ApiError, pathOf } from '../../api/client.ts';
import { evaluationQuery } from '../../api/evaluations.ts';
import { Badge, Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { visible } from '../../ui/foreign.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { verdictLook } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';
import { buildOf, numberText } from '../evaluations/heat.ts';
import { Breakdown, ScoreBar, SloMissing } from './breakdown.tsx';
import { decisionOf } from './decision.ts';
import { Mark } from './mark.tsx';
import { Replay } from './replay.tsx';

const route = getRouteApi('/evaluations/$evaluation');
const WhatIfTab = lazy(() => import('./what-if.tsx').then((file) => ({ default: file.WhatIfTab })));

/** One evaluation: the verdict, the sentence why, and each SLI against what it must be. */
export function EvaluationPage() {
  const { evaluation: id } = route.useParams();
  const query = useQuery(evaluationQuery(id));
  useTitle('Evaluation');
  const gone = query.error instanceof ApiError && query.error.status === 404;
  // What was read stays where it is while it cannot be read again: that the connection is lost is said beside it.
  if (query.data !== undefined && !gone) {
    return (
      <div className="page evaluation-page">
        <Whole evaluation={query.data} />
      </div>
    );
  }
  return (
    <div className="page evaluation-page">
      <nav className="crumbs" aria-label="Breadcrumbs">
        <Link to="/evaluations">Evaluations</Link>
        <span aria-hidden="true">/</span>
        <span className="mono">{id}</span>
      </nav>
      <div className="head">
        <h1>Evaluation</h1>
      </div>
      {gone ? (
        <Empty title="Evaluation not found">
          <p>Retention may have deleted it with its run, or its run has not been evaluated yet.</p>
          <Link to="/evaluations" className="button">
            All evaluations
          </Link>
        </Empty>
      ) : query.isError ? (
        <Failed error={query.error} what="The evaluation cannot be shown" retry={() => void query.refetch()} />
      ) : (
        <Loading rows={10} height={32} />
      )}
    </div>
  );
}

const tabs = [
  { key: undefined, word: 'Breakdown' },
  { key: 'what-if', word: 'What-if' },
  { key: 'slo', word: 'slo.yaml' },
  { key: 'data', word: 'Event data' },
] as const;

function Whole({ evaluation }: { evaluation: Evaluation }) {
  const { tab } = route.useSearch();
  const { project, stage, service, verdict, score } = evaluation;
  const place = { project, stage, ...(service === undefined ? {} : { service }) };
  const look = verdictLook(verdict);
  const decision = decisionOf(evaluation.decision);
  return (
    <>
      <nav className="crumbs" aria-label="Breadcrumbs">
        <Link to="/evaluations" search={{ project }}>
          Evaluations
        </Link>
        <span aria-hidden="true">/</span>
        <Link to="/evaluations" search={{ project }}>
          {project}
        </Link>
        <span aria-hidden="true">/</span>
        <Link to="/evaluations" search={{ ...place, at: evaluation.id }}>
          {service ?? 'no service'} in {stage}
        </Link>
      </nav>
      <div className="head">
        <h1 className="cut">
          {buildOf(evaluation) ?? 'Evaluation'}{' '}
          <span className="muted">
            {service === undefined ? '' : `of ${service} `}in {stage}
          </span>
        </h1>
        <Badge look={look} filled />
        <div className="end">
          <Mark evaluation={evaluation} />
          <a
            className="button"
            href={pathOf`/v1/evaluations/${evaluation.id}/report`}
            target="_blank"
            rel="noreferrer"
            title="A printable page"
          >
            Report
          </a>
          <Link to="/runs/$run" params={{ run: evaluation.run }} className="button">
            View run
          </Link>
          <span className="only-wide">
            <CliButton line={cliLine('get', 'evaluation', evaluation.id)} />
          </span>
        </div>
      </div>
      <section className={`why tone-${look.tone}`} aria-label="Why">
        <Glyph shape={look.shape} />
        <div>
          <div className="reason">
            <p>{visible(evaluation.why ?? evaluation.message ?? 'No reason was recorded.')}</p>
          </div>
          {score === null ? null : (
            <div className="score-line">
              <strong className="num">{numberText(score)}</strong>
              <ScoreBar score={score} decision={decision} tone={look.tone} />
              <span className="muted">
                {decision?.pass === undefined ? 'of 100' : `pass threshold ${numberText(decision.pass)}`}
                {decision?.warning === undefined ? '' : `, warning threshold ${numberText(decision.warning)}`}
              </span>
            </div>
          )}
        </div>
      </section>
      {evaluation.invalidated === undefined ? null : <Invalidated evaluation={evaluation} />}
      <Facts evaluation={evaluation} />
      <nav className="tabs" aria-label="Parts of the evaluation">
        {tabs.map(({ key, word }) => (
          <Link
            key={word}
            className="tab"
            to="/evaluations/$evaluation"
            params={{ evaluation: evaluation.id }}
            search={key === undefined ? {} : { tab: key }}
            replace
            resetScroll={false}
            activeOptions={{ exact: true, includeSearch: true }}
            aria-current={tab === key ? 'page' : undefined}
          >
            {word}
          </Link>
        ))}
      </nav>
      <Suspense fallback={<Loading rows={10} />}>
        <Tab evaluation={evaluation} />
      </Suspense>
    </>
  );
}

function Tab({ evaluation }: { evaluation: Evaluation }) {
  const { tab, sli } = route.useSearch();
  if (tab === 'what-if') return <WhatIfTab evaluation={evaluation} />;
  if (tab === 'slo') {
    return (
      <section className="panel" aria-label="slo.yaml that judged">
        {evaluation.slo === null ? (
          <div className="nothing">
            <SloMissing project={evaluation.project} />
          </div>
        ) : (
          <pre className="slo-text">{evaluation.slo}</pre>
        )}
      </section>
    );
  }
  if (tab === 'data') {
    return (
      <section className="panel" aria-label="Data of the finished event">
        <div className="body">
          <JsonTree value={evaluation.data} />
        </div>
      </section>
    );
  }
  const { slis } = evaluation;
  return (
    <>
      {slis === null || slis.length === 0 ? (
        <section className="panel" aria-label="Breakdown">
          <Empty title="No SLI was evaluated">
            <p>{visible(evaluation.message ?? 'There was no slo.yaml, or nothing could be measured.')}</p>
            <Link
              to="/projects/$project"
              params={{ project: evaluation.project }}
              search={{ tab: 'quality' }}
              className="button"
            >
              Objectives of {evaluation.project}
            </Link>
          </Empty>
        </section>
      ) : (
        <Breakdown slis={slis} decision={decisionOf(evaluation.decision)} wanted={sli} />
      )}
      {evaluation.decision === null ? null : <Replay id={evaluation.id} />}
      <Marks evaluation={evaluation} />
    </>
  );
}

function Invalidated({ evaluation }: { evaluation: Evaluation }) {
  const { invalidated } = evaluation;
  if (invalidated === undefined) return null;
  return (
    <p className="message tone-warning">
      Not used as a baseline: invalidated
      {invalidated.author === undefined ? '' : ` by ${visible(invalidated.author)}`} <Time at={invalidated.at} />
      {invalidated.reason === undefined ? '.' : `: ${visible(invalidated.reason)}`}
    </p>
  );
}

function Marks({ evaluation }: { evaluation: Evaluation }) {
  if (evaluation.marks.length === 0) return null;
  return (
    <section className="panel" aria-label="Marks">
      <ul className="history">
        {evaluation.marks.map(({ action, at, author, reason }) => (
          <li key={`${at} ${action}`}>
            <span className="num muted">
              <Time at={at} />
            </span>
            <strong>{action === 'invalidate' ? 'invalidated' : 'reinstated'}</strong>
            <span>
              {author === undefined ? '' : `by ${visible(author)}`}
              {reason === undefined ? '' : `: ${visible(reason)}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Facts({ evaluation }: { evaluation: Evaluation }) {
  const { window, deployment, commit, versions, comparedEvents, labels, project, stage, service } = evaluation;
  const facts: [string, React.ReactNode][] = [
    ['Decided', <Time key="at" at={evaluation.at} />],
    ...(window === undefined ? [] : [['Of', windowText(window)] as [string, string]]),
    ...(deployment === undefined ? [] : [['Deployment', deployment] as [string, string]]),
    ...(commit === undefined
      ? []
      : [['Commit', <code key="commit">{commit.slice(0, 12)}</code>] as [string, React.ReactNode]]),
    ['Compared with', comparedEvents.length === 0 ? 'nothing before it' : `${comparedEvents.length} before it`],
  ];
  return (
    <dl className="run-facts">
      {facts.map(([word, value]) => (
        <div key={word}>
          <dt>{word}</dt>
          <dd className="cut">{value}</dd>
        </div>
      ))}
      {versions?.slo === undefined || service === undefined ? null : (
        <div>
          <dt>slo.yaml</dt>
          <dd className="mono">
            <Link
              to="/projects/$project"
              params={{ project }}
              search={{ tab: 'quality', file: `slo/${stage}/${service}`, to: versions.slo }}
            >
              {versions.slo}
            </Link>
          </dd>
        </div>
      )}
      {Object.entries(labels ?? {}).map(([key, value]) => (
        <div key={key}>
          <dd className="labels">
            <Link to="/runs" search={{ label: `${key}=${value}` }} className="tag">
              <span className="cut">
                {key}={value}
              </span>
            </Link>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const range = new Intl.DateTimeFormat(undefined, {
  ...{ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  hourCycle: 'h23',
});

/** In the time on the wall beside the reader; as it was sent where it is no time. */
function windowText({ start, end }: NonNullable<Evaluation['window']>): string {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  return Number.isNaN(from) || Number.isNaN(to) ? `${start} to ${end}` : range.formatRange(from, to);
}
