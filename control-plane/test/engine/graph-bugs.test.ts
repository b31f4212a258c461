import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { Hunted } from '../../simulation/agree-worker.ts';
import { graphBugs } from '../../simulation/graph-bugs.ts';

const GRAPHS_MAX = 3_000;
const WORKER = new URL('../../simulation/agree-worker.ts', import.meta.url);

test.each(graphBugs.map((bug) => [bug.name, bug] as const))(
  'planted: %s; the reference disagrees',
  async (_name, bug) => {
    const worker = new Worker(WORKER, { workerData: { bug, most: GRAPHS_MAX } });
    const [{ seed }] = (await once(worker, 'message')) as [Hunted];
    await worker.terminate();
    expect(seed, `${GRAPHS_MAX} graphs agree with it`).toBeDefined();
  },
  240_000,
);
