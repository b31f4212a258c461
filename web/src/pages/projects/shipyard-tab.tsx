import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ApiError } from '../../api/client.ts';
import { type Shipyard, shipyardQuery, shipyardVersionQuery, shipyardVersionsQuery } from '../../api/queries.ts';
import { ConflictDialog } from '../../ui/conflict.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Failed, Loading } from '../../ui/screens.tsx';
import { TextEditor } from '../../ui/text-editor.tsx';
import { Time } from '../../ui/time.tsx';
import { DraftNote } from '../../ui/unsaved.tsx';
import { draftKeys } from './draft-keys.ts';
import { applyShipyard, readShipyard, useLint } from './lint.ts';
import { PlanView } from './plan-view.tsx';
import { useApply } from './use-apply.ts';

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
    return (
      <Editor key={`${project} ${version}`} project={project} version={version} given={text} current={current.data} />
    );
  }
  if (query.isError) {
    return <Failed error={query.error} what="The shipyard cannot be shown" retry={() => void query.refetch()} />;
  }
  return <Loading rows={12} />;
}

function Editor(props: { project: string; version: string | undefined; given: string; current: Shipyard | undefined }) {
  const { project, version, given, current } = props;
  const queries = useQueryClient();
  const draft = useDraft(draftKeys.shipyard(project, version), { text: given, base: current?.version });
  const { text } = draft;
  const lint = useLint(project, text);
  const errors = lint.data?.findings.filter(({ severity }) => severity === 'error').length ?? 0;
  const same = lint.data?.version !== undefined && lint.data.version === current?.version;
  const { busy, conflict, apply, overwrite, close } = useApply({
    draft,
    read: () => readShipyard(project),
    put: async (wanted, replaces) => {
      const answer = await applyShipyard(queries, project, wanted, replaces);
      return answer.changed
        ? `Version ${answer.version} is in use.`
        : 'Applied. The meaning is the same, so there is no new version.';
    },
  });
  return (
    <div className="split">
      <section className="panel editor" aria-label="Shipyard">
        <header>
          <h2>Shipyard</h2>
          <span className="muted" role="status">
            {lint.settling
              ? 'Checking …'
              : same
                ? 'In use'
                : lint.data?.version === undefined
                  ? ''
                  : `New version ${lint.data.version}`}
          </span>
          {draft.isChanged ? <DraftNote draft={draft} newer={draft.base !== current?.version} /> : null}
          <button
            type="button"
            className="button small primary end"
            disabled={busy || lint.settling || errors > 0 || same || lint.data === undefined}
            onClick={apply}
          >
            Apply
          </button>
        </header>
        <TextEditor
          label="Shipyard as YAML"
          schema={shipyardSchema}
          text={text}
          onText={draft.change}
          findings={lint.data?.findings}
          failure={lint.error}
        />
        {conflict === undefined ? null : (
          <ConflictDialog
            what="The shipyard"
            conflict={conflict}
            busy={busy}
            onTheirs={() => {
              draft.discard();
              close();
              void queries.invalidateQueries({ queryKey: ['shipyard', project] });
            }}
            onOverwrite={overwrite}
            onClose={close}
          />
        )}
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
          Compare versions
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
            <span className="muted">{one.current ? 'In use' : ''}</span>
            <span className="muted num">
              <Time at={one.createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
