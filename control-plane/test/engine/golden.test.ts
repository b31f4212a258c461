import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plan } from '@slipway/contract';
import { describe, expect, test } from 'vitest';
import {
  emptyGroup,
  indexPlan,
  openDispatches,
  type Run,
  recordOutcomes,
  replayOutcomes,
  transition,
  transitionGroup,
} from '../../src/engine/index.ts';
import { runView } from '../../src/projection/index.ts';
import {
  decodeGroupEntry,
  decodeRunDecisions,
  decodeRunEntry,
  encodeGroupEntry,
  encodeRunEntry,
} from '../../src/runtime/entry.ts';
import { createEvaluator, parseShipyard } from '../../src/shipyard/index.ts';
import type { JournalEntry } from '../../src/store/store.ts';
import { groupScenarios, type Scenario, scenarios } from './golden/scenarios.ts';
import { firstTold } from './histories.ts';

/**
 * Journals as they were written once, with what they meant then. Whoever changes the engine so that one of them means something
 * else, or nothing any more, has made the data folders of all users unreadable: a new kind of entry gets a journal of its own.
 */
type Golden = { plan?: Plan; entries: JournalEntry[]; expected: unknown };

const folder = fileURLToPath(new URL('./golden/', import.meta.url));
const fileOf = (name: string): string => `${folder}${name}.json`;
const evaluator = createEvaluator();
const kept = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

if (process.env.GOLDEN === 'record') {
  for (const scenario of scenarios) record(scenario.name, () => recorded(scenario));
  for (const { name, entries } of groupScenarios) {
    const written = entries.map((inputs, index) => entryOf(name, index, encodeGroupEntry(inputs), []));
    record(name, () => ({ entries: written, expected: meaningOfGroup(written) }));
  }
}

const files = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));
const read = (name: string): Golden => JSON.parse(readFileSync(fileOf(name), 'utf8'));

describe.each(files)('%s', (name) => {
  const { plan, entries, expected } = read(name);
  test('means what it meant', () => {
    const meaning = plan === undefined ? meaningOfGroup(entries) : meaningOf(plan, entries);
    // A later version may say more of it, and nothing else.
    expect(meaning).toMatchObject(expected as object);
  });
});

test('there is a journal of each scenario, and one for each kind of input in both dialects', () => {
  expect(files.toSorted()).toEqual([...scenarios, ...groupScenarios].map((one) => one.name).toSorted());
  for (const dialect of ['plain', 'keptn']) {
    const kinds = new Set<string>();
    for (const name of files.filter((file) => file.startsWith(dialect)))
      for (const entry of read(name).entries) for (const input of decodeRunEntry(entry)) kinds.add(wordOf(input));
    expect([dialect, ...kinds].toSorted()).toEqual([dialect, ...KINDS].toSorted());
  }
});

const KINDS = [
  ...['trigger', 'granted', 'rejected', 'started', 'status.changed', 'finished', 'invalidated', 'undeliverable'],
  ...[
    'lease-lost',
    'begin',
    'start-timeout',
    'timeout',
    'heartbeat',
    'run-timeout',
    'finally-timeout',
    'continue',
    'park',
    'pause',
    'resume',
    'abort',
  ],
];

function wordOf(input: ReturnType<typeof decodeRunEntry>[number]): string {
  if (input.kind === 'answer') return input.phase;
  if (input.kind === 'command') return input.command;
  return input.kind === 'timer' ? (input.name.split('/')[0] ?? '') : input.kind;
}

/** What a run's journal says today: the run as it is shown, what it told in which entry, and what a restart would tell again. */
function meaningOf(plan: Plan, entries: readonly JournalEntry[]): unknown {
  let run: Run | undefined;
  let env: ReturnType<ReturnType<typeof indexPlan>> | undefined;
  const told: string[][] = [];
  for (const entry of entries) {
    const ids: string[] = [];
    for (const { input, outcomes } of decodeRunDecisions(entry)) {
      if (input.kind === 'trigger') env ??= indexPlan(plan, evaluator)(input.stage, input.sequence);
      if (env === undefined) throw new Error('a journal begins with a trigger');
      const known = outcomes === undefined ? env.evaluator : replayOutcomes(outcomes);
      const step = transition(run, input, { ...env, evaluator: known });
      run = step.run;
      ids.push(...firstTold(step).map((event) => event.id));
    }
    told.push(ids);
  }
  if (run === undefined || env === undefined) throw new Error('an empty journal');
  const at = entries.at(-1)?.at ?? 0;
  const view = runView(run, { sequence: env.sequence, at, runIdOfTrigger: (id) => id });
  const again = run.kind === 'open' ? openDispatches(run, env).map((one) => one.effect.event.id) : [];
  return kept({ view, told, again });
}

function meaningOfGroup(entries: readonly JournalEntry[]): unknown {
  let group = emptyGroup('golden');
  for (const entry of entries) for (const input of decodeGroupEntry(entry)) group = transitionGroup(group, input).group;
  return kept(group);
}

// ---- recording

function record(name: string, make: () => Golden): void {
  if (!existsSync(fileOf(name))) writeFileSync(fileOf(name), `${JSON.stringify(make(), undefined, 2)}\n`);
}

function recorded({ shipyard, entries }: Scenario): Golden {
  const { plan, problems } = parseShipyard(shipyard);
  if (plan === undefined) throw new Error(JSON.stringify(problems));
  const env = indexPlan(plan, evaluator)('dev', 'delivery');
  let run: Run | undefined;
  const written = entries.map((inputs, index) => {
    const decided = inputs.map((input) => {
      const { evaluator: recording, outcomes } = recordOutcomes(env.evaluator, { left: 1_000_000 });
      const step = transition(run, input, { ...env, evaluator: recording });
      const changed = step.run !== run || step.outcome.kind === 'applied';
      if (!changed) throw new Error(`${input.kind} in entry ${index + 1} changes nothing`);
      run = step.run;
      return { input, step, outcomes };
    });
    const { header, events } = encodeRunEntry(
      decided.map(({ input, step, outcomes }) => ({
        input,
        outcomes,
        ignored: step.outcome.kind === 'ignored' ? step.outcome.code : undefined,
      })),
      decided.flatMap(({ step }) => firstTold(step)),
      'slipway',
    );
    return entryOf('run', index, header, events, inputs.at(-1)?.at);
  });
  return { plan, entries: written, expected: meaningOf(plan, written) };
}

function entryOf(stream: string, index: number, header: string, events: readonly string[], at = 0): JournalEntry {
  return { stream, seq: index + 1, at, header, events };
}
