/**
 * Plays histories of the simulated world and says which went wrong:
 *
 *     node control-plane/simulation/main.ts --histories 100000 --seed 1     seeds 1 to 100000, after those that ever failed
 *     node control-plane/simulation/main.ts --replay 4711                   one, line by line
 *     node control-plane/simulation/main.ts --bugs                          plants each bug, and says who caught it at which seed
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readOptions } from '../../tools/options.ts';
import { bugs } from './bugs.ts';
import { BUG_SEEDS_FILE, hunt } from './hunt.ts';
import type { Tally } from './play-many.ts';
import { playMany } from './play-many.ts';
import { playHistory } from './world/world.ts';

const SEEDS_FILE = new URL('./seeds.json', import.meta.url);
const SHOWN_MAX = 20;
const TOLD_EVERY_MS = 10_000;
const BUG_SEEDS_MAX = 6000;

const values = readOptions('npm run simulate --', 'Plays histories of the simulated world and checks each.', {
  histories: {
    type: 'string',
    default: '1000',
    value: 'N',
    whole: 1,
    about: 'How many, after those that ever failed.',
  },
  seed: { type: 'string', default: '1', value: 'N', whole: 1, about: 'Seed of the first one.' },
  seconds: { type: 'string', value: 'N', whole: 1, about: 'Stop after so long.' },
  threads: { type: 'string', default: String(availableParallelism()), value: 'N', whole: 1, about: 'Threads.' },
  replay: { type: 'string', value: 'SEED', whole: 1, about: 'Play one history and print each line of it.' },
  graphs: { type: 'boolean', default: false, about: 'Worlds whose shipyards are graphs.' },
  bugs: { type: 'boolean', default: false, about: 'Plant each bug and report the checker and the seed that catch it.' },
  keep: { type: 'boolean', default: false, about: 'With --bugs: keep the seeds. Else: keep the seeds that fail.' },
});
const threads = Number(values.threads);

if (values.replay !== undefined) await replay(Number(values.replay));
else if (values.bugs) await plantAll();
else await playAll();

async function replay(seed: number): Promise<void> {
  const history = await playHistory({ seed, graphs: values.graphs, trace: (line) => console.log(line) });
  const { violations, ...figures } = history;
  console.log(JSON.stringify(figures));
  for (const { checker, what, atMs } of violations) console.log(`${checker} at ${atMs} ms: ${what}`);
  console.log(violations.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  process.exitCode = violations.length === 0 ? 0 : 1;
}

async function playAll(): Promise<void> {
  const first = Number(values.seed);
  const count = Number(values.histories);
  const limitMs = values.seconds === undefined ? Number.POSITIVE_INFINITY : Number(values.seconds) * 1000;
  // The seeds that failed once belong to worlds of lines.
  const kept = values.graphs ? [] : readKept();
  let toldAt = 0;
  let told = 0;
  const tally = await playMany({
    graphs: values.graphs,
    seeds: (function* () {
      yield* kept;
      for (let seed = first; seed < first + count; seed++) yield seed;
    })(),
    threads,
    onReport: (soFar) => {
      for (const failure of soFar.failures.slice(told)) if (told++ < SHOWN_MAX) console.log(nameOf(failure));
      if (soFar.tookMs - toldAt < TOLD_EVERY_MS) return;
      toldAt = soFar.tookMs;
      console.log(`${soFar.histories} of ${count + kept.length}, ${soFar.failures.length} failed, ${rateOf(soFar)}`);
    },
    enough: (soFar) => soFar.tookMs > limitMs,
  });
  if (tally.failures.length > 0) {
    console.log(
      `Replay one with: node control-plane/simulation/main.ts --replay ${tally.failures[0]?.seed}${values.graphs ? ' --graphs' : ''}`,
    );
    if (values.keep && !values.graphs) keep(tally.failures.map((one) => one.seed));
    else console.log('Add --keep to play these first from now on (seeds.json).');
  }
  console.log(`${tally.runs} runs, ${tally.commits} commits, ${rateOf(tally)} on ${threads} threads`);
  console.log(`${tally.histories - tally.failures.length} passed, ${tally.failures.length} failed`);
  process.exitCode = tally.failures.length === 0 ? 0 : 1;
}

function nameOf({ seed, violations: [one] }: Tally['failures'][number]): string {
  return `seed ${seed}: ${one?.checker} at ${one?.atMs} ms: ${one?.what.slice(0, 500)}`;
}

async function plantAll(): Promise<void> {
  const seeds: Record<string, number> = {};
  for (const bug of bugs) {
    const { seed, histories, before } = await hunt(bug, { first: undefined, most: BUG_SEEDS_MAX, threads });
    const by = seed === undefined ? `NOT FOUND by ${bug.checker} in ${histories}` : `${bug.checker} at seed ${seed}`;
    const also = before ? ` (${before.violations[0]?.checker} at seed ${before.seed})` : '';
    console.log(`${bug.name}: ${by}${also}`);
    if (seed !== undefined) seeds[bug.name] = seed;
  }
  const found = Object.keys(seeds).length;
  if (values.keep) writeFileSync(BUG_SEEDS_FILE, `${JSON.stringify(seeds, null, 2)}\n`);
  console.log(`${found} passed, ${bugs.length - found} failed`);
  process.exitCode = found === bugs.length ? 0 : 1;
}

function readKept(): number[] {
  return (JSON.parse(readFileSync(SEEDS_FILE, 'utf8')) as { failedOnce: number[] }).failedOnce;
}

function keep(seeds: readonly number[]): void {
  const all = [...new Set([...readKept(), ...seeds])].sort((a, b) => a - b);
  writeFileSync(SEEDS_FILE, `${JSON.stringify({ failedOnce: all }, null, 2)}\n`);
}

function rateOf({ histories, tookMs }: Tally): string {
  return `${Math.round((histories / tookMs) * 1000)} histories/s`;
}
