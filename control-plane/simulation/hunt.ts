import { readFileSync } from 'node:fs';
import type { Bug } from './bugs.ts';
import type { Report } from './history-worker.ts';
import { playMany } from './play-many.ts';

export const BUG_SEEDS_FILE = new URL('./bug-seeds.json', import.meta.url);

/** Where each bug was caught last, by name: only to begin there, for the search goes on from 1 when it is not so any more. */
export function readBugSeeds(): Record<string, number> {
  return JSON.parse(readFileSync(BUG_SEEDS_FILE, 'utf8')) as Record<string, number>;
}

export type Hunt = { seed: number | undefined; histories: number; before: Report['failures'][number] | undefined };

/** Plants a bug and plays until its checker notices. `before`: somebody else noticed at an earlier seed. */
export async function hunt(
  bug: Bug,
  options: { first: number | undefined; most: number; threads: number },
): Promise<Hunt> {
  const isCaught = ({ violations }: Report['failures'][number]): boolean =>
    violations.some((one) => one.checker === bug.checker);
  const { first, most, threads } = options;
  const play = (seeds: Iterable<number>, chunk: number, count: number): ReturnType<typeof playMany> =>
    playMany({ seeds, chunk, threads: count, bug, enough: (tally) => tally.failures.some(isCaught) });
  let tally = first === undefined ? undefined : await play([first], 1, 1);
  if (!tally?.failures.some(isCaught))
    tally = await play(
      Array.from({ length: most }, (_, index) => index + 1),
      5,
      threads,
    );
  const caught = tally.failures.find(isCaught);
  const [before] = tally.failures;
  return { seed: caught?.seed, histories: tally.histories, before: before === caught ? undefined : before };
}
