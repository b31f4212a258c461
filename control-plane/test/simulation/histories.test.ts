import { expect, test } from 'vitest';
import { bugs } from '../../simulation/bugs.ts';
import { playMany } from '../../simulation/play-many.ts';
import seeds from '../../simulation/seeds.json' with { type: 'json' };

/** A share of the histories fits CI; `npm run simulate -- --histories 100000` plays the rest on demand. */
const SECONDS = 45;
/** Bugs that a few histories are enough for; `npm run simulate -- --bugs` plants all of them. */
const PLANTED = ['a message is acked when it arrives', 'a pause leaks', 'a timer fires before its time'];
const PLANTED_SECONDS = 60;

test(
  `for ${SECONDS} s no history of the simulated world breaks a rule, those that ever did first`,
  async () => {
    function* all(): Generator<number> {
      yield* seeds.failedOnce;
      for (let seed = 1; seed <= 100_000; seed++) yield seed;
    }
    const tally = await playMany({ seeds: all(), threads: 2, enough: (soFar) => soFar.tookMs > SECONDS * 1000 });
    process.stdout.write(
      `simulation: ${tally.histories} histories, ${tally.runs} runs, ${Math.round(tally.tookMs / 1000)} s\n`,
    );
    expect(tally.failures.map(({ seed, violations }) => [seed, violations[0]])).toEqual([]);
    expect(tally.histories).toBeGreaterThan(seeds.failedOnce.length + 5);
  },
  (SECONDS + 120) * 1000,
);

test.each(PLANTED)(
  'planted: %s, and its checker sees it',
  async (name) => {
    const bug = bugs.find((one) => one.name === name);
    if (!bug) throw new Error(`there is no bug named '${name}' to plant`);
    const first = Array.from({ length: 2000 }, (_, index) => index + 1);
    const isCaught = (soFar: Awaited<ReturnType<typeof playMany>>): boolean =>
      soFar.tookMs > PLANTED_SECONDS * 1000 ||
      soFar.failures.some(({ violations }) => violations.some((one) => one.checker === bug.checker));
    const tally = await playMany({ seeds: first, threads: 2, bug: name, chunk: 5, enough: isCaught });
    const checkers = tally.failures.flatMap(({ violations }) => violations.map((one) => one.checker));
    expect(checkers).toContain(bug.checker);
  },
  (PLANTED_SECONDS + 60) * 1000,
);
