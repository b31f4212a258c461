import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useMemo, useState } from 'react';
import { ApiError, jsonBody, pathOf, request } from '../../api/client.ts';
import { type ProjectWithTag, projectQuery, projectsQuery, readProject } from '../../api/queries.ts';
import { ConflictDialog } from '../../ui/conflict.tsx';
import { CliButton, pipeLine } from '../../ui/copy.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { TextEditor } from '../../ui/text-editor.tsx';
import { DeleteProject } from './delete-project.tsx';
import { draftKeys } from './draft-keys.ts';
import { orNothing } from './lint.ts';
import {
  type Draft,
  type DraftProblems,
  draftOf,
  draftOfText,
  draftText,
  placeProblems,
  readConfig,
  readDraft,
  units,
} from './settings-draft.ts';
import { useApply } from './use-apply.ts';

/** The settings of a project, and its deletion. */
export function SettingsTab({ project: name }: { project: string }) {
  const query = useQuery(projectQuery(name));
  if (query.isError) {
    if (query.error instanceof ApiError && query.error.status === 404) {
      return (
        <Empty title="This project does not exist yet">
          <p>The project is created when you apply its first shipyard. Then you can change its settings.</p>
        </Empty>
      );
    }
    return <Failed error={query.error} what="The settings cannot be shown" retry={() => void query.refetch()} />;
  }
  if (query.isPending) return <Loading rows={6} height={32} />;
  return (
    <div className="settings">
      <SettingsForm project={query.data} />
      <DeleteProject project={query.data} />
    </div>
  );
}

function SettingsForm({ project }: { project: ProjectWithTag }) {
  const queries = useQueryClient();
  const current = useMemo(() => draftOf(project), [project]);
  const kept = useDraft(draftKeys.settings(project.name), {
    text: draftText(current),
    base: project.settingsVersion,
  });
  const draft = useMemo(() => draftOfText(kept.text, current), [kept.text, current]);
  const setDraft = (next: Draft): void => kept.change(draftText(next));
  const [refused, setRefused] = useState<{ draft: Draft; problems: DraftProblems; rest: string[] }>();
  const read = readDraft(draft);
  const changed = kept.isChanged;
  // Nothing is called wrong before somebody wants to save it; from then on it is checked while typing.
  const [wantsSaved, setWantsSaved] = useState(false);
  const problems = {
    ...(refused?.draft === draft ? refused.problems : {}),
    ...(wantsSaved && 'problems' in read ? read.problems : {}),
  };
  const field = (key: keyof Draft) => ({
    value: draft[key],
    problem: problems[key],
    onValue: (value: string) => setDraft({ ...draft, [key]: value }),
  });
  const serverLimit = (key: 'openRunsMax' | 'waitingRunsMax' | 'runsPerSecond'): string =>
    project.serverLimits?.[key]?.toLocaleString('en') ?? 'no limit';
  const { busy, conflict, apply, overwrite, close } = useApply({
    draft: kept,
    read: async () => {
      const now = await orNothing(readProject(project.name));
      return now && { text: draftText(draftOf(now)), version: now.settingsVersion };
    },
    put: async (_text, replaces) => {
      setRefused(undefined);
      if ('put' in read) {
        const path = pathOf`/v1/projects/${project.name}`;
        await request({ method: 'PUT', path, body: jsonBody(read.put), ifMatch: replaces });
        await queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
      }
      return 'Saved.';
    },
    onFailure: (failure) => {
      const { problems: placed, rest } = placeProblems(
        failure instanceof ApiError ? (failure.problem?.errors ?? []) : [],
      );
      setRefused({
        draft,
        problems: placed,
        rest: [failure instanceof Error ? failure.message : String(failure), ...rest],
      });
    },
  });
  return (
    <section className="panel" aria-label="Settings">
      <header>
        <h2>Settings</h2>
        {'put' in read ? (
          <span className="end only-wide">
            <CliButton line={pipeLine(read.put, 'apply', 'settings', '-', '--project', project.name)} />
          </span>
        ) : null}
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setWantsSaved(true);
          if ('put' in read) apply();
        }}
      >
        <label className="field">
          <span>Event dialect</span>
          <select
            className="select"
            value={draft.dialect}
            onChange={({ target }) => setDraft({ ...draft, dialect: target.value === 'keptn' ? 'keptn' : 'plain' })}
          >
            <option value="plain">plain: build.triggered</option>
            <option value="keptn">keptn: sh.keptn.event.build.triggered</option>
          </select>
          <small>
            Choose keptn for services written for Keptn v1. Active runs keep the dialect that they started with.
          </small>
        </label>
        <fieldset>
          <legend>Limits</legend>
          <p className="muted">
            A trigger above a limit is refused with 429; send it again later. Runs that another run triggers are never
            refused. Empty fields use the server default, shown as placeholder.
          </p>
          <div className="fields">
            <Amount
              label="Active runs, maximum"
              unit="runs"
              empty={serverLimit('openRunsMax')}
              {...field('openRunsMax')}
            >
              Includes runs that wait for their turn.
            </Amount>
            <Amount
              label="Waiting runs, maximum"
              unit="runs"
              empty={serverLimit('waitingRunsMax')}
              {...field('waitingRunsMax')}
            >
              Runs that wait for their concurrency group.
            </Amount>
            <Amount
              label="New runs, maximum"
              unit="per second"
              empty={serverLimit('runsPerSecond')}
              {...field('runsPerSecond')}
            >
              Average rate; 0.5 is one run in two seconds.
            </Amount>
          </div>
        </fieldset>
        <fieldset>
          <legend>Retention</legend>
          <p className="muted">Finished runs beyond these limits are deleted with their events, oldest first.</p>
          <div className="fields">
            <Amount
              label="Keep finished runs for"
              unit={
                <select
                  className="select"
                  aria-label="Unit of the retention time"
                  value={draft.keepUnit}
                  onChange={({ target }) => setDraft({ ...draft, keepUnit: target.value })}
                >
                  {units.map(({ word }) => (
                    <option key={word}>{word}</option>
                  ))}
                </select>
              }
              empty="no limit"
              {...field('keepFor')}
            >
              Empty: no time limit.
            </Amount>
            <Amount label="Finished runs, maximum" unit="runs" empty="no limit" {...field('finishedRunsMax')}>
              Empty: no limit.
            </Amount>
          </div>
        </fieldset>
        <Config {...field('config')} />
        {refused?.draft === draft ? (
          <p role="alert" className="message tone-fail">
            {refused.rest.join('\n')}
          </p>
        ) : null}
        <div className="end-row">
          <button type="submit" className="button primary" disabled={!changed || busy}>
            Save
          </button>
          <button
            type="button"
            className="button"
            disabled={!changed || busy}
            onClick={() => {
              kept.discard();
              setWantsSaved(false);
            }}
          >
            Discard changes
          </button>
          {changed ? (
            <span className={kept.base === project.settingsVersion ? 'muted' : 'badge tone-warning'}>
              {kept.base === project.settingsVersion ? 'Not saved yet' : 'The settings changed since you began'}
            </span>
          ) : null}
        </div>
      </form>
      {conflict === undefined ? null : (
        <ConflictDialog
          what="The settings"
          conflict={conflict}
          busy={busy}
          onTheirs={() => {
            kept.discard();
            close();
            void queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
          }}
          onOverwrite={overwrite}
          onClose={close}
        />
      )}
    </section>
  );
}

/** A number with its unit, and what is wrong with it right below. */
function Amount(props: {
  label: string;
  unit: React.ReactNode;
  /** What nothing means. */
  empty: string;
  value: string;
  onValue: (value: string) => void;
  problem: string | undefined;
  children: React.ReactNode;
}) {
  const { label, unit, empty, value, onValue, problem, children } = props;
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="measure">
        <input
          id={id}
          className="input"
          inputMode="decimal"
          autoComplete="off"
          placeholder={empty}
          value={value}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-more`}
          onChange={({ target }) => onValue(target.value)}
        />
        {typeof unit === 'string' ? <span className="muted">{unit}</span> : unit}
      </div>
      <small id={`${id}-more`}>
        {problem === undefined ? null : <strong className="tone-fail">{problem} </strong>}
        {children}
      </small>
    </div>
  );
}

function Config(props: { value: string; onValue: (value: string) => void; problem: string | undefined }) {
  const { value, onValue, problem } = props;
  const findings = useMemo(() => {
    const read = readConfig(value);
    if ('finding' in read) return [read.finding];
    return problem === undefined ? [] : [{ severity: 'error' as const, detail: problem }];
  }, [value, problem]);
  return (
    <div className="field">
      <span>Configuration, a JSON object</span>
      <div className="editor framed">
        <TextEditor
          label="Configuration, a JSON object"
          language="json"
          text={value}
          onText={onValue}
          findings={findings}
          rowsMin={6}
        />
      </div>
      <small>
        Shipyards read it as <code>{'${{ project.config.NAME }}'}</code>.
      </small>
    </div>
  );
}
