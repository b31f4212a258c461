import { parseArgs } from 'node:util';
import { playHistory } from './world/world.ts';

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'string' },
  },
});
if (values.replay !== undefined) {
  const history = await playHistory({ seed: Number(values.replay), trace: (line) => console.log(line) });
  console.log(history);
} else {
  const t0 = performance.now();
  const first = Number(values.seed);
  const count = Number(values.histories);
  let failed = 0;
  const by: Record<string, number> = {};
  let runs = 0,
    commits = 0,
    steps = 0;
  for (let seed = first; seed < first + count; seed++) {
    const history = await playHistory({ seed });
    runs += history.runs;
    commits += history.commits;
    steps += history.steps;
    if (history.violations.length > 0) {
      failed++;
      const one = history.violations[0];
      by[one?.checker ?? ''] = (by[one?.checker ?? ''] ?? 0) + 1;
      if (failed <= 20) console.log(seed, one?.checker, one?.atMs, one?.what.slice(0, 300));
    }
  }
  const s = (performance.now() - t0) / 1000;
  console.log(by, { runs, commits, steps, perSecond: count / s });
  console.log(`${count - failed} passed, ${failed} failed`);
}
