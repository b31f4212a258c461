import { readOptions } from '../../../tools/options.ts';
import { crashLoop } from './crash-loop.ts';

/** `npm run crash-loop -- --kills 60`: the crash loop on demand, with a summary of what it checked. */
const MODES = ['embedded', 'nats', 'push'] as const;
const values = readOptions('npm run crash-loop --', 'Ends real processes at random times, and checks what is left.', {
  kills: { type: 'string', default: '60', value: 'N', whole: 1, about: 'In each mode.' },
  runs: { type: 'string', value: 'N', whole: 1, about: 'Runs in each mode (default: 50 for each kill).' },
  seed: { type: 'string', default: '1', value: 'N', whole: 1, about: 'Decides the order of victims and signals.' },
  only: { type: 'string', value: 'MODE', among: MODES, about: `One of ${MODES.join(', ')}.` },
});
const kills = Number(values.kills);
let bad = 0;
for (const mode of MODES) {
  if (values.only !== undefined && values.only !== mode) continue;
  const runs = Number(values.runs ?? 50 * kills);
  const result = await crashLoop({ mode, kills, runs, seed: Number(values.seed), recoverMs: 120_000 });
  const wrong = result.lost + result.stuck + result.failed + result.acceptedTwice;
  bad += wrong;
  if (result.stuckBecause !== undefined) console.log(result.stuckBecause);
  console.log(
    `${mode}: ${result.triggered} runs; ${result.lost} lost, ${result.stuck} stuck, ${result.failed} failed, ` +
      `${result.acceptedTwice} answered twice; recovered in ${result.recoveredMs} ms; ` +
      Object.entries(result.kills)
        .map(([victim, count]) => `${victim} ${count}`)
        .join(', '),
  );
}
console.log(bad === 0 ? 'all checks passed' : `${bad} checks failed`);
process.exitCode = bad === 0 ? 0 : 1;
