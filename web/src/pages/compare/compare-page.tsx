import '../run/run.css';
import './compare.css';
import type { RunView } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { runQuery } from '../../api/queries.ts';
import { Badge, Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { DiffView } from '../../ui/diff.tsx';
import { Foreign, visible } from '../../ui/foreign.tsx';
import { durationText } from '../../ui/format.ts';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { runLook, taskLook } from '../../ui/state.ts';
import { Time, Took } from '../../ui/time.tsx';
import { Candidates } from './candidates.tsx';
import { inputOf, outputOf, type Pair, pairsOf, partingOf } from './compare.ts';
import { PairList } from './pair-list.tsx';

const route = getRouteApi('/runs/compare');

/** Two runs side by side: where they part, how long each task took, what it was given and what it gave. */
export function ComparePage() {
  const { a, b } = route.useSearch();
  useTitle('Compare runs');
  const before = useQuery({ ...runQuery(a ?? ''), enabled: a !== undefined });
  const after = useQuery({ ...runQuery(b ?? ''), enabled: b !== undefined });
  const failed = [before, after].find(({ isError }) => isError);
  return (
    <div className="page compare-page">
      <nav className="crumbs" aria-label="Breadcrumbs">
        <Link to="/runs">Runs</Link>
        <span aria-hidden="true">/</span>
        <span>Compare</span>
      </nav>
      <div className="head">
        <h1>Compare runs</h1>
        {a === undefined || b === undefined ? null : (
          <div className="end">
            <Link to="/runs/compare" search={{ a: b, b: a }} replace className="button">
              Swap
            </Link>
            <span className="only-wide">
              <CliButton line={`diff <(${jsonLine(a)}) <(${jsonLine(b)})`} />
            </span>
          </div>
        )}
      </div>
      {failed !== undefined ? (
        <Failed error={failed.error} what="One of the two runs cannot be shown" retry={() => void failed.refetch()} />
      ) : b === undefined ? (
        <Empty title="Select two runs">
          <p>Select two runs in the list, or open a run and compare it from there.</p>
          <Link to="/runs" className="button">
            All runs
          </Link>
        </Empty>
      ) : after.data === undefined || (a !== undefined && before.data === undefined) ? (
        <Loading rows={8} height={32} />
      ) : before.data === undefined ? (
        <Candidates run={after.data} />
      ) : (
        <Both before={before.data} after={after.data} />
      )}
    </div>
  );
}

function jsonLine(run: string): string {
  return cliLine('get', 'run', run, '-o', 'json');
}

function Both({ before, after }: { before: RunView; after: RunView }) {
  const { task: wanted } = route.useSearch();
  const pairs = useMemo(() => pairsOf(before, after), [before, after]);
  const parting = partingOf(pairs);
  const shown = pairs.find(({ key }) => key === wanted) ?? (wanted === undefined ? parting : undefined);
  return (
    <>
      <div className="sides">
        <Side letter="A" run={before} other={after} />
        <Side letter="B" run={after} other={before} />
      </div>
      <Parting parting={parting} before={before} after={after} />
      <div className="split">
        <PairList pairs={pairs} before={before} after={after} selected={shown?.key} />
        {shown === undefined ? <RunDifference before={before} after={after} /> : <PairPanel pair={shown} />}
      </div>
    </>
  );
}

function Side({ letter, run, other }: { letter: 'A' | 'B'; run: RunView; other: RunView }) {
  const labels = Object.entries(run.labels ?? {});
  return (
    <section className="panel side" aria-label={`Run ${letter}`}>
      <span className="letter" aria-hidden="true">
        {letter}
      </span>
      <div>
        <p className="what">
          <Link to="/runs/$run" params={{ run: run.id }} className="row-link">
            {run.stage}.{run.sequence}
            {run.service === undefined ? '' : ` · ${run.service}`}
          </Link>
          <Badge look={runLook(run)} />
        </p>
        <p className="muted">
          <span>
            <Time at={run.acceptedAt} />, duration <Took from={run.acceptedAt} to={run.finishedAt} />
          </span>
          {labels.map(([key, value]) => (
            <span key={key} className="tag">
              <span className="cut">
                <Foreign text={`${key}=${value}`} />
              </span>
            </span>
          ))}
        </p>
      </div>
      <Link
        to="/runs/compare"
        search={{ b: letter === 'A' ? other.id : run.id }}
        className="button small end"
        title={letter === 'A' ? 'Compare B with another run' : 'Compare another run'}
      >
        Another …
      </Link>
    </section>
  );
}

function Parting(props: { parting: Pair | undefined; before: RunView; after: RunView }) {
  const { parting, before, after } = props;
  const look = parting?.after === undefined ? runLook(after) : taskLook(parting.after);
  return (
    <p className={`why tone-${parting === undefined ? 'idle' : look.tone}`}>
      <Glyph shape={parting === undefined ? 'check' : look.shape} />
      <span className="reason">{visible(partingText(parting, before, after))}</span>
    </p>
  );
}

function partingText(parting: Pair | undefined, before: RunView, after: RunView): string {
  if (parting === undefined) {
    const change =
      (after.finishedAt ?? after.updatedAt) -
      after.acceptedAt -
      ((before.finishedAt ?? before.updatedAt) - before.acceptedAt);
    const pace =
      change === 0 ? 'as long as A' : `${durationText(Math.abs(change))} ${change > 0 ? 'longer' : 'less'} than A`;
    return `All tasks ended the same way. B took ${pace}.`;
  }
  const { key } = parting;
  if (parting.before === undefined) return `Only B has task '${key}'.`;
  if (parting.after === undefined) return `Only A has task '${key}'.`;
  const message = parting.after.message ?? parting.before.message;
  return `The runs differ from '${key}' on: ${taskLook(parting.before).word.toLowerCase()} in A, ${taskLook(parting.after).word.toLowerCase()} in B${message === undefined || message === '' ? '.' : `: ${message}`}`;
}

function PairPanel({ pair }: { pair: Pair }) {
  const { key, before, after } = pair;
  return (
    <section className="panel task-panel" aria-label={`Task ${key} in both`}>
      <header>
        <h2 className="cut">{key}</h2>
        <Link to="/runs/compare" search={(search) => ({ ...search, task: 'the-run' })} replace className="end">
          Run details
        </Link>
      </header>
      <div className="body">
        <Messages before={before?.message} after={after?.message} />
        <h3>Input</h3>
        <DiffView before={inputOf(before)} after={inputOf(after)} />
        <h3>Output</h3>
        <DiffView before={outputOf(before)} after={outputOf(after)} />
      </div>
    </section>
  );
}

function RunDifference({ before, after }: { before: RunView; after: RunView }) {
  const sameShipyard = before.shipyardVersion === after.shipyardVersion && before.project === after.project;
  return (
    <section className="panel task-panel" aria-label="Run details">
      <header>
        <h2>Run details</h2>
      </header>
      <div className="body">
        <h3>Shipyard</h3>
        {sameShipyard ? (
          <p className="muted">
            The same version, <code>{after.shipyardVersion}</code>.
          </p>
        ) : before.project === after.project ? (
          <p>
            <Link
              to="/projects/$project"
              params={{ project: after.project }}
              search={{ tab: 'versions', from: before.shipyardVersion, to: after.shipyardVersion }}
            >
              {before.shipyardVersion} and {after.shipyardVersion}
            </Link>
          </p>
        ) : (
          <p className="muted">These runs belong to different projects.</p>
        )}
        <Messages before={before.message} after={after.message} />
        <h3>Trigger data</h3>
        <DiffView before={before.trigger.data} after={after.trigger.data} />
        <h3>Output</h3>
        <DiffView before={before.output} after={after.output} />
      </div>
    </section>
  );
}

function Messages({ before, after }: { before: string | undefined; after: string | undefined }) {
  if ((before ?? '') === (after ?? '')) return null;
  return (
    <>
      <h3>Message</h3>
      <DiffView before={before} after={after} />
    </>
  );
}
