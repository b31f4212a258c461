import type { Resource, ResourceHead, ResourcePutAnswer } from '@slipway/contract';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError, request } from '../../api/client.ts';
import { type FilePlace, filePath, filesQuery, fileVersionsQuery } from '../../api/evaluations.ts';
import { shipyardQuery } from '../../api/queries.ts';
import { ConflictDialog } from '../../ui/conflict.tsx';
import { CliButton, CliHint, cliLine } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { useSettled } from '../../ui/settled.ts';
import { TextDiffView } from '../../ui/text-diff-view.tsx';
import { type Finding, TextEditor } from '../../ui/text-editor.tsx';
import { Time } from '../../ui/time.tsx';
import { DraftNote } from '../../ui/unsaved.tsx';
import { draftKeys } from './draft-keys.ts';
import { orNothing } from './lint.ts';
import { useApply } from './use-apply.ts';

const FIRST_TEXT = {
  slo: `spec_version: '1.0'
comparison:
  compare_with: single_result
  include_result_with_score: pass
objectives:
  - sli: response_time_p95
    key_sli: true
    pass:
      - criteria: ['<=+10%', '<600']
    warning:
      - criteria: ['<=800']
total_score:
  pass: 90%
  warning: 75%
`,
  sli: `spec_version: '1.0'
indicators:
  response_time_p95: histogram_quantile(0.95, sum(rate(http_duration_ms_bucket{service="$SERVICE"}[$DURATION_SECONDS])) by (le))
`,
} as const;

/** The files that decide evaluations: slo.yaml for a service in a stage, sli.yaml for it, its stage, or the whole project. */
export function FilesTab(props: { project: string; file: string | undefined; version: string | undefined }) {
  const { project, version } = props;
  const list = useQuery(filesQuery(project));
  const [adding, setAdding] = useState(false);
  const files = list.data?.items ?? [];
  const shown = props.file === undefined ? files[0] : placeOf(props.file);
  if (list.error instanceof ApiError && list.error.status === 404) {
    return (
      <Empty title="This project does not exist yet">
        <p>The project is created when you apply its first shipyard. Then its services can have files.</p>
        <Link to="/projects/$project" params={{ project }} className="button">
          Write shipyard
        </Link>
      </Empty>
    );
  }
  if (list.isError) {
    return <Failed error={list.error} what="The files cannot be shown" retry={() => void list.refetch()} />;
  }
  if (list.isPending) return <Loading rows={8} height={28} />;
  if (shown === undefined) {
    return (
      <Empty title="No slo.yaml or sli.yaml yet">
        <p>
          An <code>slo.yaml</code> sets the objectives of a service in a stage. An <code>sli.yaml</code> defines how to
          measure them. The task <code>evaluate</code> of a sequence uses both.
        </p>
        <button type="button" className="button" onClick={() => setAdding(true)}>
          New file …
        </button>
        {adding ? <NewFile project={project} onClose={() => setAdding(false)} /> : null}
      </Empty>
    );
  }
  return (
    <div className="history-split">
      <section className="panel" aria-label="Files">
        <header>
          <h2>Files</h2>
          <button type="button" className="button small end" onClick={() => setAdding(true)}>
            New file …
          </button>
        </header>
        {files.length === 0 ? (
          <p className="nothing muted">No files applied yet.</p>
        ) : (
          <ul className="files">
            {files.map((file) => (
              <li key={keyOf(file)}>
                <Link
                  to="/projects/$project"
                  params={{ project }}
                  search={{ tab: 'quality', file: keyOf(file) }}
                  aria-current={keyOf(file) === keyOf(shown) ? 'true' : undefined}
                  data-line
                >
                  <strong>{file.kind}.yaml</strong>
                  <span className="cut">{placeText(file)}</span>
                  <span className="muted num">
                    <Time at={file.updatedAt} />
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </section>
      <File key={`${keyOf(shown)} ${version}`} project={project} place={shown} version={version} />
      {adding ? <NewFile project={project} onClose={() => setAdding(false)} /> : null}
    </div>
  );
}

function File({ project, place, version }: { project: string; place: FilePlace; version: string | undefined }) {
  const versions = useQuery({ ...fileVersionsQuery(project, place), retry: false });
  const isNew = versions.error instanceof ApiError && versions.error.status === 404;
  const items = versions.data?.items ?? [];
  const inUse = items.find(({ current }) => current);
  const wanted = version === undefined ? (inUse ?? items[0]) : items.find((one) => one.version === version);
  if (versions.isError && !isNew) {
    return <Failed error={versions.error} what="The file cannot be shown" retry={() => void versions.refetch()} />;
  }
  if (versions.isPending) return <Loading rows={10} />;
  const given = wanted?.text ?? FIRST_TEXT[place.kind];
  return (
    <div className="beside">
      <Editor key={version ?? 'in use'} project={project} place={place} given={given} version={version} inUse={inUse} />
      {items.length === 0 ? null : (
        <section className="panel" aria-label="Versions">
          <header>
            <h2>Versions</h2>
          </header>
          <ul className="versions">
            {items.map((one) => (
              <li key={one.version} data-shown={one === wanted ? '' : undefined}>
                <Link
                  to="/projects/$project"
                  params={{ project }}
                  search={{ tab: 'quality', file: keyOf(place), to: one.version }}
                  replace
                  className="mono"
                  aria-current={one === wanted ? 'true' : undefined}
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
      )}
    </div>
  );
}

function Editor(props: {
  project: string;
  place: FilePlace;
  given: string;
  version: string | undefined;
  inUse: Resource | undefined;
}) {
  const { project, place, given, version, inUse: current } = props;
  const inUse = current?.text;
  const queries = useQueryClient();
  const key = draftKeys.file(project, place);
  const draft = useDraft(version === undefined ? key : `${key}?${version}`, { text: given, base: current?.version });
  const { text } = draft;
  const [comparing, setComparing] = useState(false);
  const path = filePath(project, place);
  const settled = useSettled(text);
  const lint = useQuery({
    queryKey: ['file-lint', path, settled],
    queryFn: () => check(path, settled),
    enabled: settled.trim() !== '',
    placeholderData: keepPreviousData,
    gcTime: 0,
    retry: false,
  });
  const settling = settled !== text || lint.isFetching;
  const errors = lint.data?.filter(({ severity }) => severity === 'error').length ?? 0;
  const { busy, conflict, apply, overwrite, close } = useApply({
    draft,
    read: () => orNothing(request<Resource>({ path })),
    put: async (wanted, replaces) => {
      const answer = await putFile(path, wanted, { dryRun: false, replaces });
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['file', project] }),
        queries.invalidateQueries({ queryKey: filesQuery(project).queryKey }),
      ]);
      return answer.changed
        ? `Version ${answer.version} is in use.`
        : 'The text is the same, so there is no new version.';
    },
  });
  return (
    <section className="panel editor" aria-label={`${place.kind}.yaml`}>
      <header>
        <h2>{place.kind}.yaml</h2>
        <span className="muted cut" role="status">
          {settling ? 'Checking …' : text === inUse ? `In use, ${placeText(place)}` : placeText(place)}
        </span>
        {draft.isChanged ? <DraftNote draft={draft} newer={draft.base !== current?.version} /> : null}
        <span className="end only-wide">
          <CliButton line={lineOf(project, place)} />
        </span>
        {inUse === undefined || text === inUse ? null : (
          <button
            type="button"
            className="button small"
            aria-pressed={comparing}
            onClick={() => setComparing(!comparing)}
          >
            Show changes
          </button>
        )}
        <button
          type="button"
          className="button small primary"
          disabled={busy || settling || errors > 0 || text === inUse || lint.data === undefined}
          onClick={apply}
        >
          Apply
        </button>
      </header>
      {comparing && inUse !== undefined ? <TextDiffView before={inUse} after={text} /> : null}
      <TextEditor
        label={`${place.kind}.yaml`}
        text={text}
        onText={draft.change}
        findings={lint.data}
        failure={lint.error}
        rowsMin={14}
      />
      {conflict === undefined ? null : (
        <ConflictDialog
          what={`${place.kind}.yaml`}
          conflict={conflict}
          busy={busy}
          onTheirs={() => {
            draft.discard();
            close();
            void queries.invalidateQueries({ queryKey: ['file', project] });
          }}
          onOverwrite={overwrite}
          onClose={close}
        />
      )}
    </section>
  );
}

function NewFile({ project, onClose }: { project: string; onClose: () => void }) {
  const navigate = useNavigate();
  const { data: shipyard } = useQuery({ ...shipyardQuery(project), retry: false });
  const [kind, setKind] = useState<ResourceHead['kind']>('slo');
  const [stage, setStage] = useState('');
  const [service, setService] = useState('');
  const whole = kind === 'slo';
  const place: FilePlace = {
    kind,
    ...(stage === '' ? {} : { stage, ...(service === '' ? {} : { service }) }),
  };
  return (
    <Dialog title="New file" onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          void navigate({
            to: '/projects/$project',
            params: { project },
            search: { tab: 'quality', file: keyOf(place) },
          });
        }}
      >
        <label className="field">
          <span>File</span>
          <select
            className="select"
            value={kind}
            onChange={({ target }) => setKind(target.value === 'sli' ? 'sli' : 'slo')}
          >
            <option value="slo">slo.yaml: objectives of a service</option>
            <option value="sli">sli.yaml: how to measure them</option>
          </select>
        </label>
        <label className="field">
          <span>Stage</span>
          <select className="select" required={whole} value={stage} onChange={({ target }) => setStage(target.value)}>
            <option value="">{whole ? 'Choose a stage' : 'All stages'}</option>
            {shipyard?.plan.stages.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{whole ? 'Service' : 'Service (empty: all services)'}</span>
          <input
            className="input"
            required={whole}
            disabled={stage === ''}
            maxLength={63}
            value={service}
            onChange={({ target }) => setService(target.value)}
          />
        </label>
        <CliHint line={whole && (stage === '' || service === '') ? undefined : applyLine(project, place)} />
        <DialogEnd onClose={onClose}>
          <button type="submit" className="button primary">
            Write file
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  );
}

/** `slo/staging/carts`: how the address names a file. */
function keyOf({ kind, stage, service }: FilePlace): string {
  return [kind, stage, service].filter((part) => part !== undefined).join('/');
}

function placeOf(key: string): FilePlace {
  const [kind, stage, service] = key.split('/');
  return {
    kind: kind === 'sli' ? 'sli' : 'slo',
    ...(stage === undefined ? {} : { stage }),
    ...(service === undefined ? {} : { service }),
  };
}

function placeText({ stage, service }: FilePlace): string {
  if (stage === undefined) return 'for the whole project';
  return service === undefined ? `for all services in ${stage}` : `for ${service} in ${stage}`;
}

function lineOf(project: string, place: FilePlace): string {
  return cliLine('get', place.kind, ...placeFlags(project, place));
}

function applyLine(project: string, place: FilePlace): string {
  return cliLine('apply', place.kind, `${place.kind}.yaml`, ...placeFlags(project, place));
}

function placeFlags(project: string, { stage, service }: FilePlace): string[] {
  return [
    ...['--project', project],
    ...(stage === undefined ? [] : ['--stage', stage]),
    ...(service === undefined ? [] : ['--service', service]),
  ];
}

function putFile(
  path: string,
  text: string,
  { dryRun, replaces }: { dryRun: boolean; replaces?: string | undefined },
): Promise<ResourcePutAnswer> {
  return request<ResourcePutAnswer>({
    method: 'PUT',
    path,
    query: dryRun ? { dryRun: 'true' } : undefined,
    ifMatch: replaces,
    body: { type: 'application/yaml', text },
  });
}

async function check(path: string, text: string): Promise<Finding[]> {
  try {
    const { warnings } = await putFile(path, text, { dryRun: true });
    return warnings.map(({ severity, message, ...place }) => ({
      ...place,
      detail: message,
      severity: severity === 'error' ? 'error' : 'warning',
    }));
  } catch (error) {
    const errors = error instanceof ApiError ? error.problem?.errors : undefined;
    if (errors === undefined) throw error;
    return errors.map((one) => ({ ...one, severity: 'error' as const }));
  }
}
