/**
 * Fills a data folder with finished runs, to see how things are when there are many:
 *
 *     node tools/seed-runs.ts --data /tmp/full --runs 100000
 *     node cli/bin/slipway.js serve --data /tmp/full
 *
 * A control plane runs a few real sequences through its public door. Then it is ended, and their journals are written again
 * and again through the store's own port, under ids and times of their own: what is there in the end is what as many real
 * runs would have left, and each can be opened. A control plane alone would need minutes.
 */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openSqliteStore } from '../control-plane/src/store/sqlite/index.ts';
import type { CommitItem, Store } from '../control-plane/src/store/store.ts';
import { type Made, makeTemplates } from './seed/make-templates.ts';
import { makeItems, readTemplate, type Template } from './seed/template.ts';

const PROJECT = 'seeded';
const BATCH = 1_000;
const SERVICES = 40;
const TEAMS = 7;
/** They are spread over so long, the last of them just now. */
const SPAN_MS = 30 * 24 * 3_600_000;

const { values } = parseArgs({
  options: { data: { type: 'string' }, runs: { type: 'string', default: '100000' } },
});
const count = Number(values.runs);
if (values.data === undefined || !Number.isSafeInteger(count) || count < 1 || count >= 9_999_990) {
  process.stderr.write('usage: node tools/seed-runs.ts --data FOLDER [--runs NUMBER]\n');
  process.exit(2);
}
const started = performance.now();
mkdirSync(values.data, { recursive: true });
const made = await makeTemplates(values.data, PROJECT);
const store = await openSqliteStore({ dir: values.data });
const templates = await byShare(store, made);
const end = Date.now();
let writing = Promise.resolve();
for (let first = 0; first < count; first += BATCH) {
  // The store writes in a thread of its own: the next batch is made meanwhile.
  const runs = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => itemsOf(first + index));
  await writing;
  writing = commitAll(store, runs);
}
await writing;
await store.close();
const took = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`${count} runs of project ${PROJECT} in ${values.data}, written in ${took} s\n`);

/** A hundred places, each kind in as many of them as its share. */
async function byShare(from: Store, runs: readonly Made[]): Promise<Template[]> {
  const places: Template[] = [];
  for (const { run, share } of runs) {
    const template = await readTemplate(from, run);
    for (let place = 0; place < share; place++) places.push(template);
  }
  return places;
}

function itemsOf(number: number): CommitItem[] {
  // Multiplied by primes, so that neighbours differ, and the same each time.
  const template = templates[(number * 37) % templates.length];
  if (template === undefined) throw new Error('there is no template');
  return makeItems(template, {
    number,
    startedAt: Math.round(end - SPAN_MS * (1 - (number + 1) / count)) - 60_000,
    service: (number * 13) % SERVICES,
    team: (number * 5) % TEAMS,
  });
}

/** The first entries of all of them, then the second ones: a batch has one item of a stream. */
async function commitAll(to: Store, runs: readonly CommitItem[][]): Promise<void> {
  const longest = Math.max(...runs.map((items) => items.length));
  for (let index = 0; index < longest; index++) {
    const results = await to.commit(runs.flatMap((items) => items[index] ?? []));
    if (results.some(({ outcome }) => outcome === 'conflict')) {
      throw new Error('there are seeded runs in this folder already: take an empty one');
    }
  }
}
