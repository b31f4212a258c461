import { router } from './router.tsx';

/** By then the page that was asked for has its data: what is fetched here must not stand in its way. */
const LATER_MS = 2_000;

/**
 * Fetches the other pages and their tabs once the browser has nothing else to do: somebody who opens one while the server is away is told
 * that by the page, and what the page was about is still there when the server is back.
 */
export function preloadPages(): void {
  setTimeout(() => requestIdleCallback(fetchPages), LATER_MS);
}

function fetchPages(): void {
  const parts = Object.values(router.routesById).map((route) => route.options.component?.preload?.());
  // What does not come now is fetched when it is needed.
  void Promise.allSettled([
    ...parts,
    import('./palette.tsx'),
    import('./key-help.tsx'),
    import('../pages/evaluation/what-if.tsx'),
    import('../pages/projects/files-tab.tsx'),
    import('../pages/projects/settings-tab.tsx'),
    import('../pages/projects/versions-tab.tsx'),
  ]);
}
