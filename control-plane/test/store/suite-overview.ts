import fc from 'fast-check';
import { test } from 'vitest';
import type { Abilities, Fixture } from './fixture.ts';
import { OverviewWorld } from './overview-world.ts';

const HISTORIES = 4;
/** A hundred writes, ten starts of the store and five comparisons of forty questions; the test server needs 20 ms for each. */
const TIMEOUT_MS = 180_000;
const states = ['waiting', 'running', 'paused', 'parked'] as const;
const results = ['pass', 'warning', 'fail'] as const;
const pick = <T>(from: readonly T[]) => fc.constantFrom(...from);

const place = fc.record({
  project: pick(['shop', 'bank']),
  stage: pick(['dev', 'prod']),
  sequence: pick(['delivery', 'rollback']),
  service: pick(['cart', 'mail', undefined]),
  team: pick(['a', 'b']),
});
/** `run` is one of those that are open, by its place among them. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('begin' as const), place, state: pick(states) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('change' as const), run: fc.nat(99), state: pick(states) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('end' as const), run: fc.nat(99), result: pick(results) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('forget' as const), project: pick(['shop', 'bank']), keep: fc.nat(6) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('reopen' as const) }) },
);

/** The lists and counts, beside the slow answer: all journals read, each for the last thing that it says of its run. */
export function overviewClaims(fixture: Fixture, abilities: Abilities): void {
  test(
    'counts, places and filters say what the journals do, whatever happened',
    async () => {
      const opened = await fixture.opened();
      const world = new OverviewWorld(opened.store, await opened.another?.());
      const reopen = async (): Promise<void> => {
        world.replace(await opened.reopen());
      };
      const history = fc.array(step, { minLength: 25, maxLength: 40 });
      let isCrowded = false;
      const seed = Math.floor(Math.random() * 2 ** 31);
      for (const steps of fc.sample(history, { numRuns: HISTORIES, seed })) {
        for (const one of steps) await (one.what === 'reopen' ? reopen() : world.apply(one));
        await world.compare(`seed ${seed}`);
        if (abilities.crowd === undefined || isCrowded) continue;
        isCrowded = true;
        // What lies far behind is found as well as what is near.
        await world.crowd(abilities.crowd);
        await world.compare(`seed ${seed}, behind a crowd`);
      }
      await world.end();
    },
    TIMEOUT_MS,
  );
}
