import { expect, test } from 'vitest';
import { graphBugs } from '../../simulation/graph-bugs.ts';
import { playMany } from '../../simulation/play-many.ts';

/** `npm run simulate -- --graphs --histories 100000` plays the rest. */
const SECONDS = 20;

/** Worlds in which something was wrong once. */
const FAILED_ONCE = [1073, 1091, 1206, 1244, 1943];

function* seeds(): Generator<number> {
  yield* FAILED_ONCE;
  for (let seed = 1; seed <= 100_000; seed++) yield seed;
}

test(
  `for ${SECONDS} s no world whose shipyards are graphs breaks a promise, and every run does as the reference says`,
  async () => {
    const enough = ({ tookMs }: { tookMs: number }): boolean => tookMs > SECONDS * 1000;
    const tally = await playMany({ seeds: seeds(), threads: 2, graphs: true, enough });
    process.stdout.write(`simulation of graphs: ${tally.histories} histories, ${tally.runs} runs\n`);
    expect(tally.failures.map(({ seed, violations }) => [seed, violations[0]])).toEqual([]);
    expect(tally.runs).toBeGreaterThan(100);
  },
  (SECONDS + 120) * 1000,
);

// A join that starts twice and a skip that is not final would show as another state, or as an attempt told twice.
test.each(['join: a number counts as any', 'onSkip: a skip after a failure goes on', 'end: the others go on'])(
  'planted: %s; a world with faults and replicas sees it',
  async (name) => {
    const bug = graphBugs.find((one) => one.name === name);
    if (bug === undefined) throw new Error(`there is no bug ${name}`);
    const isCaught = ({ violations }: { violations: { checker: string }[] }): boolean =>
      violations.some((one) => one.checker === 'run-rules');
    const tally = await playMany({
      ...{ seeds: Array.from({ length: 1_000 }, (_, index) => index + 1), threads: 2, chunk: 5, graphs: true },
      bug: { ...bug, checker: 'run-rules' },
      enough: ({ failures }) => failures.some(isCaught),
    });
    expect(tally.failures.some(isCaught)).toBe(true);
  },
  240_000,
);
