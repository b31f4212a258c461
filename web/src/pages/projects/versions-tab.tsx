import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError, failureText } from '../../api/client.ts';
import { type Shipyard, shipyardVersionQuery, shipyardVersionsQuery } from '../../api/queries.ts';
import { isConflict } from '../../ui/conflict.tsx';
import { CliHint, cliLine, say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { TextDiffView } from '../../ui/text-diff-view.tsx';
import { Time } from '../../ui/time.tsx';
import { applyShipyard, useLint } from './lint.ts';
import { planChangesOf } from './plan-changes.ts';

/** Two versions of a shipyard: what changed in the text and in what it means, and a way back to an older one. */
export function VersionsTab(props: { project: string; from: string | undefined; to: string | undefined }) {
  const { project } = props;
  const list = useQuery(shipyardVersionsQuery(project));
  const versions = list.data?.items ?? [];
  const current = versions.find((one) => one.current);
  const to = props.to ?? current?.version ?? versions[0]?.version;
  const from = props.from ?? before(versions, to)?.version ?? (current?.version === to ? undefined : current?.version);
  const isNew = list.error instanceof ApiError && list.error.status === 404;
  if (list.isError && !isNew) {
    return <Failed error={list.error} what="The versions cannot be shown" retry={() => void list.refetch()} />;
  }
  if (list.isPending) return <Loading rows={8} height={28} />;
  if (versions.length === 0 || to === undefined) {
    return (
      <Empty title="No versions yet">
        <p>The first version is created when you apply a shipyard.</p>
        <Link to="/projects/$project" params={{ project }} className="button">
          Write shipyard
        </Link>
      </Empty>
    );
  }
  return (
    <div className="history-split">
      <section className="panel" aria-label="Versions, newest first">
        <header>
          <h2>Versions</h2>
        </header>
        <ul className="versions">
          {versions.map((one) => (
            <li key={one.version} data-shown={one.version === to ? '' : undefined}>
              <Link
                to="/projects/$project"
                params={{ project }}
                search={{ tab: 'versions', to: one.version }}
                replace
                className="mono"
                aria-current={one.version === to ? 'true' : undefined}
                data-line
              >
                {one.version}
              </Link>
              <span className="muted">{one.current ? 'In use' : ''}</span>
              <span className="muted num">
                <Time at={one.createdAt} />
              </span>
            </li>
          ))}
        </ul>
      </section>
      <Change key={`${from} ${to}`} project={project} versions={versions} from={from} to={to} />
    </div>
  );
}

/** The version that was there before this one. */
function before(versions: readonly Shipyard[], version: string | undefined): Shipyard | undefined {
  return versions[versions.findIndex((one) => one.version === version) + 1];
}

function Change(props: { project: string; versions: readonly Shipyard[]; from: string | undefined; to: string }) {
  const { project, versions, from, to } = props;
  const navigate = useNavigate({ from: '/projects/$project' });
  const [restoring, setRestoring] = useState(false);
  const old = useQuery({ ...shipyardVersionQuery(project, from ?? ''), enabled: from !== undefined });
  const now = useQuery(shipyardVersionQuery(project, to));
  const current = versions.find((one) => one.current);
  const failed = [old, now].find(({ isError }) => isError);
  return (
    <section className="panel" aria-label="Changes">
      <header>
        <h2 className="mono">{to}</h2>
        <label className="muted">
          against{' '}
          <select
            className="select"
            value={from ?? ''}
            onChange={(event) => {
              const wanted = event.target.value;
              void navigate({
                search: { tab: 'versions', to, ...(wanted === '' ? {} : { from: wanted }) },
                replace: true,
              });
            }}
          >
            {from === undefined ? <option value="">no earlier version</option> : null}
            {versions
              .filter(({ version }) => version !== to)
              .map(({ version, current: isCurrent }) => (
                <option key={version} value={version}>
                  {version}
                  {isCurrent ? ' (in use)' : ''}
                </option>
              ))}
          </select>
        </label>
        {current?.version === to || now.data === undefined ? null : (
          <button type="button" className="button small end" onClick={() => setRestoring(true)}>
            Restore this version …
          </button>
        )}
      </header>
      {failed !== undefined ? (
        <Failed error={failed.error} what="This version cannot be shown" retry={() => void failed.refetch()} />
      ) : now.data === undefined || (from !== undefined && old.data === undefined) ? (
        <Loading rows={8} />
      ) : (
        <>
          {old.data === undefined ? null : <PlanChanges before={old.data} after={now.data} />}
          <TextDiffView before={old.data?.text ?? ''} after={now.data.text} />
        </>
      )}
      {restoring && now.data !== undefined ? (
        <Restore project={project} shipyard={now.data} current={current} onClose={() => setRestoring(false)} />
      ) : null}
    </section>
  );
}

const words = { added: 'Added', removed: 'Removed', changed: 'Changed' } as const;
const tones = { added: 'pass', removed: 'fail', changed: 'warning' } as const;

function PlanChanges({ before: old, after }: { before: Pick<Shipyard, 'plan'>; after: Pick<Shipyard, 'plan'> }) {
  const changes = planChangesOf(old.plan, after.plan);
  if (changes.length === 0) return <p className="plan-changes muted">No change in meaning.</p>;
  return (
    <ul className="plan-changes">
      {changes.map(({ sequence, kind, what }) => (
        <li key={sequence}>
          <span className={`badge tone-${tones[kind]}`}>{words[kind]}</span>
          <strong>{sequence}</strong>
          <span>{what.join('; ')}</span>
        </li>
      ))}
    </ul>
  );
}

/** An older text is applied again. It is checked as a new one is: what was allowed once may not be any more. */
function Restore(props: { project: string; shipyard: Shipyard; current: Shipyard | undefined; onClose: () => void }) {
  const { project, shipyard, current, onClose } = props;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const lint = useLint(project, shipyard.text);
  const [error, setError] = useState<string>();
  const problems = lint.data?.findings.filter(({ severity }) => severity === 'error') ?? [];
  const apply = async (): Promise<void> => {
    try {
      const answer = await applyShipyard(queries, project, shipyard.text, current?.version);
      say(`Version ${answer.version} is in use.`);
      onClose();
      void navigate({ to: '/projects/$project', params: { project } });
    } catch (failure) {
      if (isConflict(failure)) {
        await queries.invalidateQueries({ queryKey: ['shipyards', project] });
        setError('Another version was applied in the meantime. Check the changes again before you apply this one.');
      } else setError(failureText(failure));
    }
  };
  return (
    <Dialog title={`Restore version ${shipyard.version}`} onClose={onClose}>
      <ul className="effects">
        <li>
          {current === undefined ? '' : `Replaces ${current.version}. `}New events start the sequences of this version.
        </li>
        <li>Active runs keep the version that they started with.</li>
        <li>All versions stay in the list.</li>
      </ul>
      {current === undefined || lint.data?.plan === undefined ? null : (
        <PlanChanges before={current} after={{ plan: lint.data.plan }} />
      )}
      {problems.map((problem) => (
        <p key={`${problem.line} ${problem.detail}`} className="message tone-fail">
          {problem.line}:{problem.column} {problem.detail}
        </p>
      ))}
      <CliHint
        line={`${cliLine('get', 'shipyard', '--project', project, '--version', shipyard.version)} | ${cliLine('apply', '-', '--project', project)}`}
      />
      <DialogEnd error={error} onClose={onClose}>
        <button
          type="button"
          className="button primary"
          disabled={lint.settling || lint.data === undefined || problems.length > 0}
          onClick={() => void apply()}
        >
          {lint.settling ? 'Checking …' : 'Restore'}
        </button>
      </DialogEnd>
    </Dialog>
  );
}
