import { parentPort, workerData } from 'node:worker_threads';
import type { Bug } from './bugs.ts';
import { plant } from './plant.ts';
import type { History, Violation } from './world/world.ts';

/** Asked of this thread: play these seeds. `undefined`: there are no more. */
export type Order = { seeds: readonly number[] } | undefined;
export type Report = {
  failures: { seed: number; violations: Violation[] }[];
  histories: number;
  runs: number;
  commits: number;
};

// Histories throw a lot on purpose; nobody reads where from.
Error.stackTraceLimit = 3;

/** One seed in so many is played twice, to see that it is the same history. */
const TWICE_EVERY = 50;

const port = parentPort;
if (!port) throw new Error('history-worker.ts is a worker thread of main.ts');
const { bug, graphs = false } = workerData as { bug?: Bug; graphs?: boolean };
const plants = bug && plant(bug);
// Loaded only now, so that what is planted is in it.
const { playHistory } = await import('./world/world.ts');
if (plants && !plants.planted())
  throw new Error(`the bug '${bug?.name}' is in a file that is not loaded: ${bug?.file}`);

/** A promise that is rejected and that nobody hears of is a bug of its own. */
let unheard: Violation[] = [];
process.on('unhandledRejection', (error) => {
  unheard.push({
    checker: 'no-unheard-error',
    what: error instanceof Error ? String(error.stack) : String(error),
    atMs: 0,
  });
});

async function play(seed: number): Promise<History> {
  unheard = [];
  const history = await playHistory({ seed, graphs });
  // Rejections are told of at the end of a turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  history.violations.push(...unheard);
  if (seed % TWICE_EVERY === 0 && history.violations.length === 0) {
    const again = await playHistory({ seed, graphs });
    if (again.journal !== history.journal)
      history.violations.push({
        checker: 'same-seed-same-journal',
        what: 'played twice, it was another history',
        atMs: 0,
      });
  }
  return history;
}

port.on('message', (order: Order) => {
  if (!order) {
    port.close();
    return;
  }
  void (async () => {
    const report: Report = { failures: [], histories: 0, runs: 0, commits: 0 };
    for (const seed of order.seeds) {
      const { violations, runs, commits } = await play(seed);
      report.histories++;
      report.runs += runs;
      report.commits += commits;
      if (violations.length > 0) report.failures.push({ seed, violations });
    }
    port.postMessage(report);
  })();
});
