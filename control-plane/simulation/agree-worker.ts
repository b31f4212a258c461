import { parentPort, workerData } from 'node:worker_threads';
import type { Bug } from './bugs.ts';
import { plant } from './plant.ts';

/** Looks for a graph on which the engine, with this bug in it, disagrees with the reference; answers its seed. */
export type Hunted = { seed: number | undefined };

const { bug, most } = workerData as { bug: Bug; most: number };
const planted = plant(bug);
// Loaded only now, so that what is planted is in it.
const { agree } = await import('./reference/agree.ts');
if (!planted.planted()) throw new Error(`the bug '${bug.name}' is in a file that is not loaded: ${bug.file}`);

let seed: number | undefined;
for (let one = 1; one <= most && seed === undefined; one++) if (!agrees(one)) seed = one;
parentPort?.postMessage({ seed } satisfies Hunted);

/** An engine that throws, or takes no input, disagrees as well. */
function agrees(one: number): boolean {
  try {
    return agree(one) === undefined;
  } catch {
    return false;
  }
}
