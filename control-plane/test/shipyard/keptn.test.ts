import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { planOf, problemsOf, sequenceOf } from './support.ts';

// Recorded from a real Keptn 1.4.5.
const traffic = z
  .object({ cases: z.array(z.object({ name: z.string(), shipyard: z.string() })) })
  .parse(load(readFileSync(new URL('../keptn/keptn-traffic.yaml', import.meta.url), 'utf8')));

/** The part of a plan that says who follows whom. */
function outlineOf(text: string): Record<string, string[]> {
  return Object.fromEntries(
    planOf(text).stages.flatMap((stage) =>
      stage.sequences
        .filter((sequence) => !sequence.builtIn)
        .map((sequence) => [`${stage.name}.${sequence.name}`, sequence.tasks.map((task) => task.key)]),
    ),
  );
}

describe('a shipyard that a real Keptn ran', () => {
  test.each(traffic.cases)('$name is read without a word', ({ shipyard }) => {
    expect(problemsOf(shipyard)).toEqual([]);
    const chain = shipyard.includes('shipyard-chain');
    expect(outlineOf(shipyard)).toEqual(
      chain
        ? { 'dev.seq': ['a', 'b'], 'prod.seq': ['a', 'c'], 'prod.rollback': ['r'] }
        : { 'dev.seq': ['a', 'b', 'c'] },
    );
  });

  test('becomes tasks one after the other, and one run at a time for each service', () => {
    const sequence = sequenceOf(planOf(traffic.cases[0]?.shipyard ?? ''), 'dev', 'seq');
    expect(sequence).toEqual({
      stage: 'dev',
      name: 'seq',
      triggeredOn: [],
      concurrency: { group: '${{ service }}', limit: 1, policy: 'queue' },
      tasks: [
        { key: 'a', name: 'a', uses: 'a', needs: [], join: 'all', executors: 1 },
        { key: 'b', name: 'b', uses: 'b', needs: [{ task: 'a', on: 'success' }], join: 'all', executors: 1 },
        { key: 'c', name: 'c', uses: 'c', needs: [{ task: 'b', on: 'success' }], join: 'all', executors: 1 },
      ],
    });
  });
});
