import '../run/run.css';
import './projects.css';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { useHasDraft } from '../../ui/draft.ts';
import { useTitle } from '../../ui/page.ts';
import { Loading } from '../../ui/screens.tsx';
import { UnsavedGuard } from '../../ui/unsaved.tsx';
import { draftKeys, draftName } from './draft-keys.ts';
import { ShipyardTab } from './shipyard-tab.tsx';

const route = getRouteApi('/projects/$project');

const VersionsTab = lazy(() => import('./versions-tab.tsx').then((file) => ({ default: file.VersionsTab })));
const FilesTab = lazy(() => import('./files-tab.tsx').then((file) => ({ default: file.FilesTab })));
const SettingsTab = lazy(() => import('./settings-tab.tsx').then((file) => ({ default: file.SettingsTab })));

const tabs = [
  { key: undefined, word: 'Shipyard', draft: (project: string) => `${draftKeys.ofProject(project)}shipyard/` },
  { key: 'versions', word: 'Versions', draft: undefined },
  { key: 'quality', word: 'SLO and SLI', draft: draftKeys.files },
  { key: 'settings', word: 'Settings', draft: draftKeys.settings },
] as const;

/** A project: its shipyard, how that changed, and what is set for it. */
export function ProjectPage() {
  const { project } = route.useParams();
  const { tab, version, from, to, file } = route.useSearch();
  useTitle(project);
  const shown = tab === 'versions' ? to : version;
  const which = shown !== undefined ? ['--version', shown] : tab === 'versions' ? ['--versions'] : [];
  return (
    <div className="page">
      <nav className="crumbs" aria-label="Breadcrumbs">
        <Link to="/projects">Projects</Link>
        <span aria-hidden="true">/</span>
        <span className="cut">{project}</span>
      </nav>
      <div className="head">
        <h1 className="cut">{project}</h1>
        <div className="end">
          <Link to="/runs" search={{ project }} className="button">
            View runs
          </Link>
          {tab === undefined || tab === 'versions' ? (
            <span className="only-wide">
              <CliButton line={cliLine('get', 'shipyard', '--project', project, ...which)} />
            </span>
          ) : null}
        </div>
      </div>
      <nav className="tabs project-tabs" aria-label="Parts of the project">
        {tabs.map(({ key, word, draft }) => (
          <Link
            key={word}
            className="tab"
            to="/projects/$project"
            params={{ project }}
            search={key === undefined ? {} : { tab: key }}
            activeOptions={{ exact: true, includeSearch: true }}
            aria-current={tab === key ? 'page' : undefined}
          >
            {word}
            {draft === undefined ? null : <DraftMark at={draft(project)} />}
          </Link>
        ))}
      </nav>
      <UnsavedGuard prefix={draftKeys.ofProject(project)} nameOf={draftName} />
      <Suspense fallback={<Loading rows={12} />}>
        {tab === 'versions' ? (
          <VersionsTab project={project} from={from} to={to} />
        ) : tab === 'quality' ? (
          <FilesTab project={project} file={file} version={to} />
        ) : tab === 'settings' ? (
          <SettingsTab project={project} />
        ) : (
          <ShipyardTab project={project} version={version} />
        )}
      </Suspense>
    </div>
  );
}

function DraftMark({ at }: { at: string }) {
  return useHasDraft(at) ? <span className="draft-mark"> (draft)</span> : null;
}
