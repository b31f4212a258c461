import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { Empty, Loading } from '../ui/screens.tsx';
import { BrokenPage } from './broken-page.tsx';
import { readSearch } from './search.ts';
import { Shell } from './shell.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const index = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/runs' });
  },
});

const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: readSearch(['project', 'stage', 'sequence', 'service', 'show', 'correlationid', 'label', 'within']),
  component: lazyRouteComponent(() => import('../pages/runs/runs-page.tsx'), 'RunsPage'),
});

const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$run',
  validateSearch: readSearch(['tab', 'task', 'attempt', 'event']),
  component: lazyRouteComponent(() => import('../pages/run/run-page.tsx'), 'RunPage'),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: '/runs/compare',
  validateSearch: readSearch(['a', 'b', 'task']),
  component: lazyRouteComponent(() => import('../pages/compare/compare-page.tsx'), 'ComparePage'),
});

const environment = createRoute({
  getParentRoute: () => root,
  path: '/environment',
  validateSearch: readSearch(['project']),
  component: lazyRouteComponent(() => import('../pages/environment/environment-page.tsx'), 'EnvironmentPage'),
});

const evaluations = createRoute({
  getParentRoute: () => root,
  path: '/evaluations',
  validateSearch: readSearch(['project', 'stage', 'service', 'sli', 'at']),
  component: lazyRouteComponent(() => import('../pages/evaluations/evaluations-page.tsx'), 'EvaluationsPage'),
});

const evaluation = createRoute({
  getParentRoute: () => root,
  path: '/evaluations/$evaluation',
  validateSearch: readSearch(['tab', 'sli']),
  component: lazyRouteComponent(() => import('../pages/evaluation/evaluation-page.tsx'), 'EvaluationPage'),
});

const services = createRoute({
  getParentRoute: () => root,
  path: '/services',
  validateSearch: readSearch(['tab']),
  component: lazyRouteComponent(() => import('../pages/services/services-page.tsx'), 'ServicesPage'),
});

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  validateSearch: readSearch(['project', 'type', 'event']),
  component: lazyRouteComponent(() => import('../pages/events/events-page.tsx'), 'EventsPage'),
});

const projects = createRoute({
  getParentRoute: () => root,
  path: '/projects',
  component: lazyRouteComponent(() => import('../pages/projects/projects-page.tsx'), 'ProjectsPage'),
});

const project = createRoute({
  getParentRoute: () => root,
  path: '/projects/$project',
  validateSearch: readSearch(['tab', 'version', 'from', 'to', 'file']),
  component: lazyRouteComponent(() => import('../pages/projects/project-page.tsx'), 'ProjectPage'),
});

const routeTree = root.addChildren([
  index,
  runs,
  run,
  compare,
  environment,
  evaluations,
  evaluation,
  services,
  events,
  projects,
  project,
]);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Loading />,
  defaultErrorComponent: BrokenPage,
  // Search parameters are plain texts: `?stage=1` must not come back as a number.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const entries = Object.entries(search).flatMap(([key, value]) =>
      value === undefined || value === '' ? [] : [[key, String(value)]],
    );
    return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

function NotFound() {
  return (
    <div className="page">
      <h1>Slipway</h1>
      <Empty title="Page not found">
        <p>Check the address.</p>
        <a className="button" href="/runs">
          All runs
        </a>
      </Empty>
    </div>
  );
}
