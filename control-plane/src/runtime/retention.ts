import type { Project } from '@slipway/contract';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';

const DELETE_PAGE = 200;
const PAGES_PER_SWEEP_MAX = 50;
const PROJECTS_MAX = 10_000;

/** Deletes finished runs that their project does not want to keep; a bounded number each time. */
export async function sweepRetention(options: { store: Store; clock: Clock }): Promise<number> {
  let total = 0;
  for (const found of await options.store.listDocuments('project', { limit: PROJECTS_MAX })) {
    const { name, retention } = found.value as Project;
    const { finishedRunsForMs, finishedRunsMax } = retention;
    if (finishedRunsForMs === null && finishedRunsMax === null) continue;
    for (let page = 0; page < PAGES_PER_SWEEP_MAX; page++) {
      const deleted = await options.store.deleteFinishedRuns({
        project: name,
        limit: DELETE_PAGE,
        ...(finishedRunsForMs === null ? {} : { finishedBefore: options.clock.now() - finishedRunsForMs }),
        ...(finishedRunsMax === null ? {} : { keep: finishedRunsMax }),
      });
      total += deleted;
      if (deleted < DELETE_PAGE) break;
    }
  }
  return total;
}
