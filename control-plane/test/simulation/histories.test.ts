import { expect, test } from 'vitest';
import { playMany } from '../../simulation/play-many.ts';
import seeds from '../../simulation/seeds.json' with { type: 'json' };
import { playHistory } from '../../simulation/world/world.ts';

/** A share of the histories fits every run of the tests; `npm run simulate -- --histories 100000` plays the rest. */
const SECONDS = 45;

test(
  `for ${SECONDS} s no history of the simulated world breaks a promise, those that ever did first`,
  async () => {
    function* all(): Generator<number> {
      yield* seeds.failedOnce;
      for (let seed = 1; seed <= 100_000; seed++) yield seed;
    }
    const tally = await playMany({ seeds: all(), threads: 2, enough: (soFar) => soFar.tookMs > SECONDS * 1000 });
    process.stdout.write(
      `simulation: ${tally.histories} histories, ${tally.runs} runs, ${tally.commits} commits, ${Math.round(tally.tookMs / 1000)} s\n`,
    );
    expect(tally.failures.map(({ seed, violations }) => [seed, violations[0]])).toEqual([]);
    expect(tally.histories).toBeGreaterThan(seeds.failedOnce.length);
  },
  (SECONDS + 120) * 1000,
);

test('one seed is one history to the byte, and another seed is another', async () => {
  for (const seed of [11, 12, 13]) {
    const first = await playHistory({ seed });
    expect((await playHistory({ seed })).journal).toBe(first.journal);
    expect((await playHistory({ seed: seed + 100 })).journal).not.toBe(first.journal);
  }
});
