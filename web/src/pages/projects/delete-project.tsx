import type { Project } from '@slipway/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { failureText, pathOf, request } from '../../api/client.ts';
import { projectsQuery, runCountsQuery, shipyardVersionsQuery } from '../../api/queries.ts';
import { CliHint, cliLine, say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { countText } from '../../ui/format.ts';

/** Deletes a project after counting its contents, and after a person has typed its name. */
export function DeleteProject({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  return (
    <section className="panel" aria-label="Delete">
      <header>
        <h2>Delete this project</h2>
      </header>
      <div className="body">
        <p>Deletes the project with its runs, events and shipyards. The next step shows how many there are.</p>
        <div>
          <button type="button" className="button danger" onClick={() => setAsking(true)}>
            Delete {project.name} …
          </button>
        </div>
      </div>
      {asking ? <Confirm project={project.name} onClose={() => setAsking(false)} /> : null}
    </section>
  );
}

function Confirm({ project, onClose }: { project: string; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const counts = useQuery({ ...runCountsQuery({ project }), staleTime: 0 });
  const versions = useQuery(shipyardVersionsQuery(project));
  const open = counts.data?.items.reduce((sum, { state, count }) => sum + (state === 'finished' ? 0 : count), 0) ?? 0;
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await request({ method: 'DELETE', path: pathOf`/v1/projects/${project}` });
      say(`Deleted ${project}.`);
      await navigate({ to: '/projects' });
      await queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
    } catch (failure) {
      setError(failureText(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Delete ${project}`} onClose={onClose}>
      {counts.isPending || versions.isPending ? <p role="status">Counting …</p> : null}
      {counts.isError ? <p role="alert">{counts.error.message}</p> : null}
      {counts.isSuccess && versions.isSuccess ? (
        <ul className="effects">
          <li>
            <strong>{countText(counts.data.total, 'run')}</strong> with all their events will be deleted.
          </li>
          <li>
            <strong>
              {versions.data.next === undefined ? '' : 'More than '}
              {countText(versions.data.items.length, 'version')}
            </strong>{' '}
            of its shipyard will be deleted.
          </li>
          <li>Its settings are deleted, and new events for it are refused. You cannot undo this.</li>
        </ul>
      ) : null}
      {open > 0 ? (
        <p className="message tone-warning">
          {countText(open, 'run')} {open === 1 ? 'is' : 'are'} still active. A project with active runs cannot be
          deleted.{' '}
          <Link to="/runs" search={{ project }}>
            View these runs
          </Link>
        </p>
      ) : null}
      <label className="field">
        <span>
          Type <code>{project}</code> to delete it
        </span>
        <input
          className="input"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <CliHint line={cliLine('delete', 'project', project, '--yes')} />
      <DialogEnd error={error} onClose={onClose}>
        <button
          type="button"
          className="button danger primary"
          disabled={typed !== project || busy || !counts.isSuccess || open > 0}
          onClick={() => void remove()}
        >
          Delete project
        </button>
      </DialogEnd>
    </Dialog>
  );
}
