import { expect, test } from 'vitest';
import { agree, type Reached } from '../../simulation/reference/agree.ts';

/** `npm test` draws so many graphs; `npm run agree -- --graphs 100000` draws the rest. */
const GRAPHS = Number(process.env.GRAPHS ?? 2_000);

test('on every drawn graph, after every step, the engine and the reference say the same of every task and of the run', () => {
  const reached: Reached = new Map();
  for (let seed = 1; seed <= GRAPHS; seed++) expect(agree(seed, reached)).toBeUndefined();
  // The graphs are worth it: they reach every state, every reason and every end.
  for (const what of [
    ...['waiting', 'ready', 'open', 'delayed', 'finished', 'cancelled', 'skipped when', 'skipped when continues'],
    ...['skipped not-taken', 'skipped not-taken continues', 'skipped after-failure', 'ended succeeded pass'],
    ...['ended succeeded warning', 'ended succeeded fail', 'ended errored fail', 'ended aborted fail'],
  ])
    expect([what, reached.get(what) ?? 0]).toEqual([what, expect.any(Number)]);
  for (const what of ['ready', 'ended aborted fail', 'skipped not-taken continues'])
    expect(reached.get(what) ?? 0, what).toBeGreaterThan(10);
}, 240_000);
