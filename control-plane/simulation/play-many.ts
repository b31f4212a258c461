import { Worker } from 'node:worker_threads';
import type { Bug } from './bugs.ts';
import type { Order, Report } from './history-worker.ts';

const CHUNK = 20;

export type Tally = Report & { tookMs: number };

/**
 * Plays seeds on several threads; `enough` is asked after each chunk whether to go on. `bug` is planted in each.
 */
export async function playMany(options: {
  seeds: Iterable<number>;
  threads: number;
  bug?: Bug;
  /** The shipyards of these worlds are graphs. */
  graphs?: boolean;
  chunk?: number;
  onReport?(tally: Tally): void;
  enough?(tally: Tally): boolean;
}): Promise<Tally> {
  const startedAt = performance.now();
  const tally: Tally = { failures: [], histories: 0, runs: 0, commits: 0, tookMs: 0 };
  const seeds = options.seeds[Symbol.iterator]();
  let over = false;
  const take = (): Order => {
    const chunk: number[] = [];
    while (!over && chunk.length < (options.chunk ?? CHUNK)) {
      const next = seeds.next();
      if (next.done) break;
      chunk.push(next.value);
    }
    return chunk.length > 0 ? { seeds: chunk } : undefined;
  };
  const workOn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./history-worker.ts', import.meta.url), {
        workerData: { bug: options.bug, graphs: options.graphs },
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
      worker.on('message', (report: Report) => {
        tally.failures.push(...report.failures);
        tally.histories += report.histories;
        tally.runs += report.runs;
        tally.commits += report.commits;
        tally.tookMs = performance.now() - startedAt;
        options.onReport?.(tally);
        if (options.enough?.(tally)) over = true;
        worker.postMessage(take());
      });
      worker.postMessage(take());
    });
  await Promise.all(Array.from({ length: options.threads }, workOn));
  tally.tookMs = performance.now() - startedAt;
  tally.failures.sort((a, b) => a.seed - b.seed);
  return tally;
}
