import type { Project } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { projectsQuery } from '../../api/queries.ts';
import { CliButton, CliHint, cliLine } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { Time } from '../../ui/time.tsx';
import { spanText } from './settings-draft.ts';

/** All projects with their settings. */
export function ProjectsPage() {
  useTitle('Projects');
  const query = useQuery(projectsQuery);
  const [creating, setCreating] = useState(false);
  const projects = query.data?.items ?? [];
  return (
    <div className="page">
      <div className="head">
        <h1>Projects</h1>
        <div className="end">
          <button type="button" className="button" onClick={() => setCreating(true)}>
            New project …
          </button>
          <span className="only-wide">
            <CliButton line={cliLine('get', 'projects')} />
          </span>
        </div>
      </div>
      {query.isError ? (
        <Failed error={query.error} what="The projects cannot be shown" retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Loading rows={5} height={28} />
      ) : projects.length === 0 ? (
        <Empty title="No projects yet">
          <p>A project is created when you apply its first shipyard. Write one here, or from a terminal:</p>
          <pre>{cliLine('apply', 'shipyard-examples/delivery.yaml', '--project', 'delivery')}</pre>
        </Empty>
      ) : (
        <section className="panel" aria-label="Projects">
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">Project</th>
                <th scope="col">Dialect</th>
                <th scope="col">Shipyard</th>
                <th scope="col">Retention</th>
                <th scope="col">Limits</th>
                <th scope="col" className="num">
                  Changed
                </th>
              </tr>
            </thead>
            <tbody>
              {projects.map((project) => (
                <tr key={project.name}>
                  <th scope="row">
                    <Link to="/projects/$project" params={{ project: project.name }} className="row-link" data-line>
                      {project.name}
                    </Link>
                  </th>
                  <td>{project.dialect}</td>
                  <td className="mono">{project.shipyardVersion ?? 'None yet'}</td>
                  <td data-name="Retention">{retentionText(project.retention)}</td>
                  <td data-name="Limits">{limitsText(project.limits)}</td>
                  <td className="num" data-name="Changed">
                    <Time at={project.updatedAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {creating ? <NewProject onClose={() => setCreating(false)} /> : null}
    </div>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  return (
    <Dialog title="New project" onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          void navigate({ to: '/projects/$project', params: { project: name } });
        }}
      >
        <label className="field">
          <span>Name</span>
          <input
            className="input"
            required
            value={name}
            onChange={({ target }) => setName(target.value)}
            maxLength={63}
            pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
            title="Lower-case letters, digits and dashes; the first and the last are a letter or digit"
          />
        </label>
        <p className="muted">The project is created when you apply its first shipyard.</p>
        <CliHint line={name === '' ? undefined : cliLine('apply', 'shipyard.yaml', '--project', name)} />
        <DialogEnd onClose={onClose}>
          <button type="submit" className="button primary">
            Write shipyard
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  );
}

function retentionText(retention: { finishedRunsForMs: number | null; finishedRunsMax: number | null }): string {
  const { finishedRunsForMs, finishedRunsMax } = retention;
  const parts = [
    finishedRunsForMs === null ? [] : [`for ${spanText(finishedRunsForMs)}`],
    finishedRunsMax === null ? [] : [`at most ${finishedRunsMax.toLocaleString('en')}`],
  ].flat();
  return parts.length === 0 ? 'No limit' : parts.join(', ');
}

/** The limits of the project itself; the server may have defaults for the others. */
function limitsText({ openRunsMax, waitingRunsMax, runsPerSecond }: Project['limits']): string {
  const bounds: [number | null | undefined, string][] = [
    [openRunsMax, 'open'],
    [waitingRunsMax, 'waiting'],
    [runsPerSecond, 'a second'],
  ];
  const parts = bounds.flatMap(([bound, what]) =>
    typeof bound === 'number' ? [`${bound.toLocaleString('en')} ${what}`] : [],
  );
  return parts.length === 0 ? 'Server defaults' : parts.join(', ');
}
