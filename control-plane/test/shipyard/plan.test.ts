import { shipyardSchema } from '@slipway/contract';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { parseShipyard } from '../../src/shipyard/index.ts';
import { planOf, problemsOf, sequenceOf, withSequence, withTask } from './support.ts';

/** The example of the language's design without what is not supported yet. */
const PHOTOS = `
apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: photos}
spec:
  stages:
    - name: dev
      sequences:
        - name: authenticity
          input: {type: object, required: [image], properties: {image: {type: string}}}   # JSON Schema
          concurrency: {group: "\${{ service }}", limit: 1, policy: queue}
          timeout: 1h
          vars: {threshold: 80}
          tasks:
            - name: extract-metadata
              properties: {depth: full}
              retry: {attempts: 5, delay: 10s, backoff: exponential, maxDelay: 60s, jitter: 0.2, when: "\${{ error.code != 'NOT_FOUND' }}"}
              timeout: 10m
              startTimeout: 1m
              heartbeat: 30s
            - name: geolookup
              with: {lat: "\${{ tasks.extract_metadata.output.gps.lat }}"}
              executors: 2
            - name: evaluate
              triggeredAfter: 5s
          output: {score: "\${{ tasks.evaluate.output.score }}"}
    - name: prod
      sequences:
        - name: publish
          triggeredOn:
            - event: dev.authenticity.finished
              selector: {match: {result: pass}}
            - event: dev.authenticity.finished
              when: "\${{ result == 'warning' && tasks.evaluate.output.score > 70 }}"
          tasks:
            - {name: approval, properties: {pass: automatic, warning: manual}}
            - {name: publish, uses: http}
`;

test('the example becomes this plan', () => {
  expect(parseShipyard(PHOTOS)).toEqual({
    problems: [],
    plan: {
      apiVersion: 'slipway.dev/v1',
      name: 'photos',
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      stages: [
        {
          name: 'dev',
          sequences: [
            {
              stage: 'dev',
              name: 'authenticity',
              triggeredOn: [],
              input: { type: 'object', required: ['image'], properties: { image: { type: 'string' } } },
              concurrency: { group: '${{ service }}', limit: 1, policy: 'queue' },
              timeoutMs: 3_600_000,
              vars: { threshold: 80 },
              tasks: [
                {
                  key: 'extract-metadata',
                  name: 'extract-metadata',
                  uses: 'extract-metadata',
                  needs: [],
                  join: 'all',
                  executors: 1,
                  properties: { depth: 'full' },
                  timeoutMs: 600_000,
                  startTimeoutMs: 60_000,
                  heartbeatMs: 30_000,
                  retry: {
                    attempts: 5,
                    delayMs: 10_000,
                    backoff: 'exponential',
                    maxDelayMs: 60_000,
                    jitter: 0.2,
                    when: "error.code != 'NOT_FOUND'",
                  },
                },
                {
                  key: 'geolookup',
                  name: 'geolookup',
                  uses: 'geolookup',
                  needs: [{ task: 'extract-metadata', on: 'success' }],
                  join: 'all',
                  executors: 2,
                  with: { lat: '${{ tasks.extract_metadata.output.gps.lat }}' },
                },
                {
                  key: 'evaluate',
                  name: 'evaluate',
                  uses: 'evaluate',
                  needs: [{ task: 'geolookup', on: 'success' }],
                  join: 'all',
                  executors: 1,
                  triggeredAfterMs: 5000,
                },
              ],
              output: { score: '${{ tasks.evaluate.output.score }}' },
            },
          ],
        },
        {
          name: 'prod',
          sequences: [
            {
              stage: 'prod',
              name: 'publish',
              triggeredOn: [
                { stage: 'dev', sequence: 'authenticity', match: { result: 'pass' } },
                {
                  stage: 'dev',
                  sequence: 'authenticity',
                  when: "result == 'warning' && tasks.evaluate.output.score > 70",
                },
              ],
              tasks: [
                {
                  key: 'approval',
                  name: 'approval',
                  uses: 'approval',
                  needs: [],
                  join: 'all',
                  executors: 1,
                  properties: { pass: 'automatic', warning: 'manual' },
                },
                {
                  key: 'publish',
                  name: 'publish',
                  uses: 'http',
                  needs: [{ task: 'approval', on: 'success' }],
                  join: 'all',
                  executors: 1,
                },
              ],
            },
          ],
        },
      ],
    },
  });
});

test('what is read as a shipyard fits the schema of the contract', () => {
  expect(shipyardSchema.safeParse(load(PHOTOS)).error).toBeUndefined();
});

describe('defaults', () => {
  test('a retry without a word is three attempts with a growing delay', () => {
    const [task] = sequenceOf(planOf(withTask('- {name: a, retry: {}}')), 'dev', 'build').tasks;
    expect(task?.retry).toEqual({
      attempts: 3,
      delayMs: 1000,
      backoff: 'exponential',
      maxDelayMs: 300_000,
      jitter: 0.2,
    });
  });

  test('a concurrency without a word is one run at a time for each service', () => {
    const text = withSequence('- {name: a, concurrency: {}, tasks: [{name: a}]}');
    expect(sequenceOf(planOf(text), 'dev', 'a').concurrency).toEqual({
      group: '${{ service }}',
      limit: 1,
      policy: 'queue',
    });
  });

  test('ours has no concurrency unless it is written', () => {
    expect(sequenceOf(planOf(withTask('- name: a')), 'dev', 'build').concurrency).toBeUndefined();
  });

  test('the bare form is ours, because it says nothing of Keptn', () => {
    expect(planOf('spec: {stages: [{name: dev}]}')).toMatchObject({ apiVersion: 'slipway.dev/v1', name: '' });
  });

  test('a condition may stand with or without its braces', () => {
    for (const when of ['attempts < 2', '${{ attempts < 2 }}', ' ${{attempts < 2}} ']) {
      const [task] = sequenceOf(planOf(withTask(`- {name: a, retry: {when: "${when}"}}`)), 'dev', 'build').tasks;
      expect(task?.retry?.when).toBe('attempts < 2');
    }
  });

  test('keys without a value are as good as absent', () => {
    const text = withSequence(
      '- name: a\n  triggeredOn:\n  vars:\n  timeout: ~\n  tasks:\n    - {name: a, properties: , retry: null}',
    );
    expect(problemsOf(text)).toEqual([]);
    expect(sequenceOf(planOf(text), 'dev', 'a').tasks[0]).not.toHaveProperty('retry');
  });
});

describe('the version', () => {
  const base =
    'apiVersion: slipway.dev/v1\nspec:\n  stages:\n    - name: dev\n      sequences:\n        - name: a\n          timeout: 90s\n          tasks:\n            - name: x\n              properties: {a: 1, b: "two"}\n';
  const version = planOf(base).version;

  test.each([
    ['comments and blank lines', `# hello\n\n${base.replace('name: a', 'name: a   # the first')}`],
    ['quotes', base.replace('name: x', 'name: "x"').replace('"two"', 'two')],
    [
      'flow style and the order of keys',
      'spec: {stages: [{sequences: [{tasks: [{properties: {b: two, a: 1}, name: x}], timeout: 90s, name: a}], name: dev}]}\napiVersion: slipway.dev/v1\n',
    ],
    ['another way to write a duration', base.replace('90s', '1m30s')],
    ['another way to write a number', base.replace('a: 1,', 'a: 0x1,')],
    ['a default that is written', base.replace('timeout', 'triggeredOn: []\n          timeout')],
    ['the bare form', base.replace('apiVersion: slipway.dev/v1\n', '')],
    ['anchors', base.replace('name: dev', 'name: &n dev')],
  ])('is the same with %s', (_what, text) => {
    expect(planOf(text).version).toBe(version);
  });

  test.each([
    ['a name', base.replace('name: x', 'name: y')],
    ['a duration', base.replace('90s', '91s')],
    ['a number for a text', base.replace('"two"', '2')],
    ['a key of the properties', base.replace('b:', 'c:')],
    ['the order of tasks', base.replace('- name: x', '- name: w\n            - name: x')],
    ['the dialect', base.replace('slipway.dev/v1', 'spec.keptn.sh/0.2.3')],
  ])('is another one with another %s', (_what, text) => {
    expect(planOf(text).version).not.toBe(version);
  });

  test('is what it was when this was written', () => {
    // A change here makes every shipyard of every installation a new version on its next upload: say so in the changelog.
    expect(version).toBe('71b3699f572bfe79');
  });
});
