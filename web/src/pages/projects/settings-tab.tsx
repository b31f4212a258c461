import type { Project, ProjectPut } from '@slipway/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, failureText, jsonBody, pathOf, request } from '../../api/client.ts';
import { projectQuery, projectsQuery } from '../../api/queries.ts';
import { CliButton, pipeLine, say } from '../../ui/copy.tsx';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { DeleteProject } from './delete-project.tsx';

const units = [
  { word: 'days', ms: 24 * 3_600_000 },
  { word: 'hours', ms: 3_600_000 },
  { word: 'minutes', ms: 60_000 },
  { word: 'seconds', ms: 1_000 },
] as const;

/** What the API lets one set for a project; and its end. */
export function SettingsTab({ project: name }: { project: string }) {
  const query = useQuery(projectQuery(name));
  if (query.isError) {
    if (query.error instanceof ApiError && query.error.status === 404) {
      return (
        <Empty title="This project is not there yet">
          <p>It comes into being when its first shipyard is applied; then it has settings.</p>
        </Empty>
      );
    }
    return <Failed error={query.error} what="The settings cannot be shown" retry={() => void query.refetch()} />;
  }
  if (query.isPending) return <Loading rows={6} height={32} />;
  return (
    <div className="settings">
      <SettingsForm key={query.data.updatedAt} project={query.data} />
      <DeleteProject project={query.data} />
    </div>
  );
}

function SettingsForm({ project }: { project: Project }) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(project));
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<Draft>): void => setDraft({ ...draft, ...part });
  const put = readDraft(draft);
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(project));
  const save = async (body: ProjectPut): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await request({ method: 'PUT', path: pathOf`/v1/projects/${project.name}`, body: jsonBody(body) });
      say('Saved.');
      await queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
    } catch (failure) {
      setError(failureText(failure));
    }
    setBusy(false);
  };
  return (
    <section className="panel" aria-label="Settings">
      <header>
        <h2>Settings</h2>
        {typeof put === 'string' ? null : (
          <span className="end only-wide">
            <CliButton line={pipeLine(put, 'apply', 'settings', '-', '--project', project.name)} />
          </span>
        )}
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typeof put === 'string') setError(put);
          else void save(put);
        }}
      >
        <label className="field">
          <span>Events are written as</span>
          <select
            className="select"
            value={draft.dialect}
            onChange={(event) => change({ dialect: event.target.value === 'keptn' ? 'keptn' : 'plain' })}
          >
            <option value="plain">plain: build.triggered</option>
            <option value="keptn">keptn: sh.keptn.event.build.triggered</option>
          </select>
          <small>For services that come from Keptn v1. Runs that are open keep the way they began with.</small>
        </label>
        <label className="field">
          <span>Open runs at most</span>
          <input
            className="input"
            inputMode="numeric"
            placeholder="no limit"
            value={draft.openRunsMax}
            onChange={(event) => change({ openRunsMax: event.target.value })}
          />
          <small>A trigger beyond it is refused with a problem that says so. Empty: no limit.</small>
        </label>
        <div className="field">
          <label htmlFor="keep-for">Finished runs are kept for</label>
          <div className="measure">
            <input
              id="keep-for"
              className="input"
              inputMode="decimal"
              placeholder="ever"
              value={draft.keepFor}
              onChange={(event) => change({ keepFor: event.target.value })}
            />
            <select
              className="select"
              aria-label="Unit of the time that finished runs are kept"
              value={draft.keepUnit}
              onChange={(event) => change({ keepUnit: event.target.value })}
            >
              {units.map(({ word }) => (
                <option key={word}>{word}</option>
              ))}
            </select>
          </div>
          <small>Older ones are deleted with their events. Empty: they are kept for ever.</small>
        </div>
        <label className="field">
          <span>Finished runs at most</span>
          <input
            className="input"
            inputMode="numeric"
            placeholder="no limit"
            value={draft.finishedRunsMax}
            onChange={(event) => change({ finishedRunsMax: event.target.value })}
          />
          <small>The oldest beyond it are deleted. Empty: no limit.</small>
        </label>
        <label className="field">
          <span>Configuration, a JSON object</span>
          <textarea
            className="input"
            rows={6}
            spellCheck={false}
            value={draft.config}
            onChange={(event) => change({ config: event.target.value })}
          />
          <small>
            Shipyards read it as <code>{'${{ project.config.NAME }}'}</code>.
          </small>
        </label>
        {error === undefined ? null : (
          <p role="alert" className="message tone-fail">
            {error}
          </p>
        )}
        <div className="end-row">
          <button type="submit" className="button primary" disabled={!changed || busy}>
            Save
          </button>
          <button
            type="button"
            className="button"
            disabled={!changed || busy}
            onClick={() => {
              setDraft(draftOf(project));
              setError(undefined);
            }}
          >
            Undo
          </button>
          {changed ? <span className="muted">not saved yet</span> : null}
        </div>
      </form>
    </section>
  );
}

/** The form as people type it. */
type Draft = {
  dialect: Project['dialect'];
  openRunsMax: string;
  keepFor: string;
  keepUnit: string;
  finishedRunsMax: string;
  config: string;
};

function draftOf({ dialect, limits, retention, config }: Project): Draft {
  const { finishedRunsForMs, finishedRunsMax } = retention;
  const unit = units.find(({ ms }) => finishedRunsForMs !== null && finishedRunsForMs % ms === 0) ?? units[0];
  return {
    dialect,
    openRunsMax: limits.openRunsMax === null ? '' : String(limits.openRunsMax),
    keepFor: finishedRunsForMs === null ? '' : String(finishedRunsForMs / unit.ms),
    keepUnit: unit.word,
    finishedRunsMax: finishedRunsMax === null ? '' : String(finishedRunsMax),
    config: JSON.stringify(config, undefined, 2),
  };
}

/** The body of the request, or what is wrong with what was typed. */
function readDraft(draft: Draft): ProjectPut | string {
  const openRunsMax = wholeNumber(draft.openRunsMax);
  if (openRunsMax === undefined) return 'Open runs at most: a whole number above zero, or nothing.';
  const finishedRunsMax = wholeNumber(draft.finishedRunsMax);
  if (finishedRunsMax === undefined) return 'Finished runs at most: a whole number above zero, or nothing.';
  const unit = units.find(({ word }) => word === draft.keepUnit) ?? units[0];
  const keep = draft.keepFor.trim();
  const finishedRunsForMs = keep === '' ? null : Math.round(Number(keep) * unit.ms);
  if (finishedRunsForMs !== null && !(finishedRunsForMs > 0))
    return 'Finished runs are kept for: a number above zero, or nothing.';
  let config: unknown;
  try {
    config = JSON.parse(draft.config);
  } catch (failure) {
    return `The configuration is no JSON: ${failure instanceof Error ? failure.message : failure}`;
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    return 'The configuration must be a JSON object.';
  return {
    dialect: draft.dialect,
    config: { ...config },
    retention: { finishedRunsForMs, finishedRunsMax },
    limits: { openRunsMax },
  };
}

/** null: nothing was typed. undefined: it is no whole number above zero. */
function wholeNumber(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
