import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError, failureText } from '../../api/client.ts';
import { type Shipyard, shipyardQuery, shipyardVersionQuery, shipyardVersionsQuery } from '../../api/queries.ts';
import { say } from '../../ui/copy.tsx';
import { Failed, Loading } from '../../ui/screens.tsx';
import { TextEditor } from '../../ui/text-editor.tsx';
import { Time } from '../../ui/time.tsx';
import { applyShipyard, useLint } from './lint.ts';
import { PlanView } from './plan-view.tsx';

const FIRST_TEXT = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata:
  name: NAME
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: build
            - name: test
`;

const shipyardSchema = () => import('@slipway/contract/shipyard.schema.json').then((file) => file.default);

/** The shipyard as text with what is wrong with it, the plan beside it, its versions. */
export function ShipyardTab({ project, version }: { project: string; version: string | undefined }) {
  const current = useQuery({ ...shipyardQuery(project), retry: false });
  const earlier = useQuery({ ...shipyardVersionQuery(project, version ?? ''), enabled: version !== undefined });
  const query = version === undefined ? current : earlier;
  const isNew = current.error instanceof ApiError && current.error.status === 404;
  const text = isNew ? FIRST_TEXT.replace('NAME', project) : query.data?.text;
  if (text !== undefined) {
    return <Editor key={`${project} ${version}`} project={project} given={text} current={current.data} />;
  }
  if (query.isError) {
    return <Failed error={query.error} what="The shipyard cannot be shown" retry={() => void query.refetch()} />;
  }
  return <Loading rows={12} />;
}

function Editor({ project, given, current }: { project: string; given: string; current: Shipyard | undefined }) {
  const queries = useQueryClient();
  const [text, setText] = useState(given);
  const [busy, setBusy] = useState(false);
  const lint = useLint(project, text);
  const errors = lint.data?.findings.filter(({ severity }) => severity === 'error').length ?? 0;
  const same = lint.data?.version !== undefined && lint.data.version === current?.version;
  const apply = async (): Promise<void> => {
    setBusy(true);
    try {
      const answer = await applyShipyard(queries, project, text);
      say(answer.changed ? `Version ${answer.version} is in use.` : 'The meaning did not change: no new version.');
    } catch (failure) {
      say(failureText(failure));
    }
    setBusy(false);
  };
  return (
    <div className="split">
      <section className="panel editor" aria-label="Shipyard">
        <header>
          <h2>Shipyard</h2>
          <span className="muted" role="status">
            {lint.settling
              ? 'Checking …'
              : same
                ? 'in use'
                : lint.data?.version === undefined
                  ? ''
                  : `would be ${lint.data.version}`}
          </span>
          <button
            type="button"
            className="button small primary end"
            disabled={busy || lint.settling || errors > 0 || same || lint.data === undefined}
            onClick={() => void apply()}
          >
            Apply
          </button>
        </header>
        <TextEditor
          label="Shipyard as YAML"
          schema={shipyardSchema}
          text={text}
          onText={setText}
          findings={lint.data?.findings}
          failure={lint.error}
        />
      </section>
      <div className="beside">
        <PlanView plan={lint.data?.plan ?? (errors > 0 ? undefined : current?.plan)} />
        {current === undefined ? null : <Versions project={project} />}
      </div>
    </div>
  );
}

function Versions({ project }: { project: string }) {
  const { data } = useQuery(shipyardVersionsQuery(project));
  return (
    <section className="panel" aria-label="Versions">
      <header>
        <h2>Versions</h2>
        <Link to="/projects/$project" params={{ project }} search={{ tab: 'versions' }} className="end">
          What changed
        </Link>
      </header>
      <ul className="versions">
        {data?.items.map((one) => (
          <li key={one.version}>
            <Link
              to="/projects/$project"
              params={{ project }}
              search={one.current ? {} : { version: one.version }}
              className="mono"
            >
              {one.version}
            </Link>
            <span className="muted">{one.current ? 'in use' : ''}</span>
            <span className="muted num">
              <Time at={one.createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
