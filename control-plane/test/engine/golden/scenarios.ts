import type { CloudEvent, Dialect, JsonObject } from '@slipway/contract';
import { linkAttributes, spellType } from '@slipway/contract';
import type { GroupInput, RunInput, Way } from '../../../src/engine/index.ts';

/**
 * What the golden journals were recorded from: what arrived, entry by entry. `GOLDEN=record npx vitest run golden` writes the
 * journals that are not there yet; one that is there is never written again, because that is what it is for.
 */
export type Scenario = { name: string; dialect: Dialect; shipyard: string; entries: readonly (readonly RunInput[])[] };
export type GroupScenario = { name: string; entries: readonly (readonly GroupInput[])[] };

const RUN = '5f0c6a1e-7d5b-5a70-9d6e-3f1b8c2d4e6f';
const CONTEXT = 'c0ffee00-0000-4000-8000-000000000001';
const T0 = 1_763_712_000_000;

const ours = (sequence: string): string =>
  `apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: golden}\nspec:\n  stages:\n    - name: dev\n      sequences:\n${sequence}`;

const LINEAR = `${ours(`        - name: delivery
          vars: {limit: 3}
          output: {image: "\${{ tasks.build.output.image }}", said: "\${{ tasks.test.message }}"}
          tasks:
            - {name: build, properties: {depth: full}, with: {for: "\${{ service }}"}}
            - {name: test}
`)}    - name: prod
      sequences:
        - {name: go, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: build}]}
        - {name: undo, triggeredOn: [{event: dev.delivery.finished, when: "\${{ data.no.such }}"}], tasks: [{name: build}]}
`;

const KEPTN = `apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata: {name: golden}
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks: [{name: build, properties: {depth: full}}, {name: test, triggeredAfter: 2s}]
    - name: prod
      sequences:
        - {name: go, triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: warning}}}], tasks: [{name: build}]}
`;

const TIMES = ours(`        - name: delivery
          timeout: 1h
          tasks:
            - name: build
              timeout: 10s
              startTimeout: 5s
              heartbeat: 3s
              retry: {attempts: 5, delay: 2s, backoff: exponential, maxDelay: 10s, jitter: 0.5, when: "\${{ error.code != 'BROKEN' }}"}
            - {name: test, triggeredAfter: 30s}
`);

const COMPUTED = `${ours(`        - name: delivery
          output: {image: "\${{ tasks.build.output.image }}"}
          tasks:
            - name: build
              with: {for: "\${{ service }}", size: "\${{ size(labels) }}"}
              retry: {attempts: 3, delay: 1s, when: "\${{ error.code == 'SLOW' }}"}
`)}    - name: prod
      sequences:
        - {name: go, triggeredOn: [{event: dev.delivery.finished, when: "\${{ output.image == 'a:1' }}"}], tasks: [{name: build}]}
        - {name: undo, triggeredOn: [{event: dev.delivery.finished, when: "\${{ data.no.such }}"}], tasks: [{name: build}]}
`;

const GROUPED = ours(`        - name: delivery
          concurrency: {group: "\${{ service }}", limit: 1, policy: queue}
          tasks: [{name: build}, {name: test}]
`);

const TWO = ours('        - {name: delivery, tasks: [{name: build, executors: 2}]}\n');

/** Every construct of a graph, and more tasks than one step begins. */
const GRAPH = ours(`        - name: delivery
          timeout: 1h
          finallyTimeout: 10s
          output: {image: "\${{ default(tasks.build.output.image, 'none') }}", seen: "\${{ vars.image }}"}
          tasks:
            - {name: build, publish: {image: "\${{ output.image }}"}, decision: [{when: "\${{ output.image == 'a:1' }}", next: test}, {default: other}]}
            - {name: test, with: {image: "\${{ vars.image }}"}, next: {failure: undo}}
            - {name: other, onSkip: continue}
            - {name: scan, ignoreFailure: true, output: {found: "\${{ output.found }}"}}
            - {name: first, uses: check, needs: [{task: scan, required: true}, slow], join: 1, rest: cancel}
            - {name: slow, uses: check}
            - {name: undo, when: "\${{ service == 'carts' }}"}
            - {name: never, needs: [other], when: "\${{ data.build.image == 'b:1' }}"}
            - {name: later, needs: [{task: never, on: skipped}], uses: noop}
            - {name: settle, uses: wait, with: {for: 20s}}
            - {name: over, uses: end, needs: [settle, undo], with: {message: "\${{ tasks.undo.message }}", result: warning}}
${Array.from({ length: 100 }, (_, index) => `            - {name: n${index}, uses: noop}`).join('\n')}
          finally: [{name: clean, with: {was: "\${{ run.result }}"}}]
`);

/** Inputs of one run in one dialect; times are ms after the trigger. */
function told(dialect: Dialect) {
  const at = (ms: number): number => T0 + ms;
  let count = 0;
  function answer(
    phase: 'started' | 'status.changed' | 'finished' | 'invalidated',
    ms: number,
    attempt: string,
    more: { data?: unknown; source?: string; way?: Way; leaseMs?: number; uses?: string; random?: number; id?: string },
  ): RunInput {
    const [task = '', number = '1'] = attempt.split('/');
    const { data, source = '/worker-1', way = 'http', leaseMs, uses = task, random = 0.25, id } = more;
    const causationId = `${RUN}.${task}.${number}`;
    const event: CloudEvent = {
      ...{ specversion: '1.0', id: id ?? `answer-${++count}`, source, type: spellType(`${uses}.${phase}`, dialect) },
      ...linkAttributes(dialect, { correlationId: CONTEXT, causationId }),
      ...(data === undefined ? {} : { data }),
    };
    const lease = leaseMs === undefined ? {} : { leaseMs };
    const ref = { task, attempt: Number(number), way, random, ...lease };
    return { kind: 'answer', phase, at: at(ms), ...ref, event, json: JSON.stringify(event) };
  }
  return {
    trigger(more: Partial<Extract<RunInput, { kind: 'trigger' }>> = {}, data: JsonObject = {}): RunInput {
      const event: CloudEvent = {
        ...{ specversion: '1.0', id: 'golden-1', source: '/ci', type: spellType('dev.delivery.triggered', dialect) },
        ...linkAttributes(dialect, { correlationId: CONTEXT }),
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        data: {
          project: 'golden',
          stage: 'dev',
          service: 'carts',
          labels: { team: 'a' },
          build: { image: 'a:0' },
          ...data,
        },
      };
      return {
        ...{ kind: 'trigger', at: at(0), run: RUN, project: 'golden', stage: 'dev', sequence: 'delivery', dialect },
        ...{
          planVersion: 'golden',
          correlationId: CONTEXT,
          bodyHash: 'k3yk3yk3yk3yk3yk3yk3yk',
          depth: 0,
          lenient: false,
        },
        ...more,
        ...{ event, json: JSON.stringify(event) },
      };
    },
    answer,
    timer: (name: string, ms: number, random = 0.5): RunInput => ({
      kind: 'timer',
      at: at(ms),
      name,
      dueAt: at(ms),
      random,
    }),
    command: (
      command: 'pause' | 'resume' | 'abort',
      ms: number,
      who: { by?: string; reason?: string } = {},
    ): RunInput => ({
      kind: 'command',
      command,
      at: at(ms),
      ...who,
    }),
    granted: (ms: number): RunInput => ({ kind: 'granted', at: at(ms) }),
    rejected: (ms: number): RunInput => ({ kind: 'rejected', at: at(ms), message: 'the group is busy' }),
    lost: (ms: number, attempt: number): RunInput => ({
      ...{ kind: 'lease-lost', at: at(ms), task: 'build', attempt, source: '/worker-1' },
    }),
    undeliverable: (ms: number): RunInput => ({
      ...{ kind: 'undeliverable', at: at(ms), task: 'build', attempt: 1, reason: 'larger than max_payload' },
    }),
    goOn: (ms: number, begun: number): RunInput => ({ kind: 'continue', at: at(ms), begun }),
    park: (ms: number): RunInput => ({ kind: 'park', at: at(ms), reason: 'deciding threw' }),
  };
}

function of(dialect: Dialect): Scenario[] {
  const { trigger, answer, timer, command, granted, rejected, lost, undeliverable, goOn, park } = told(dialect);
  const keptn = dialect === 'keptn';
  // Under Keptn's rules every run waits for its turn.
  const turn = keptn ? [[granted(5)]] : [];
  const image = { build: { image: 'a:1' } };
  const scenario = (name: string, shipyard: string, ...entries: RunInput[][]): Scenario => ({
    ...{ name: `${dialect}-${name}`, dialect, shipyard, entries },
  });
  // Its entries hold what its expressions came to: an input, retry's condition, an output, and one that has no value.
  const computed = scenario(
    'keeps-what-its-expressions-came-to',
    COMPUTED,
    [trigger()],
    [answer('finished', 30, 'build/1', { way: 'nats', data: { status: 'errored', error: { code: 'SLOW' } } })],
    [timer('begin/build/2', 1030)],
    [answer('finished', 2000, 'build/2', { way: 'nats', data: { result: 'pass', ...image } })],
  );
  return [
    scenario(
      'passes-with-a-warning',
      keptn ? KEPTN : LINEAR,
      [trigger({ config: { region: 'eu' }, triggeredBy: RUN.replaceAll('5', '6'), depth: 1 })],
      ...turn,
      [
        answer('started', 10, 'build/1', { way: 'claim', leaseMs: 60_000 }),
        answer('status.changed', 20, 'build/1', { way: 'claim', data: { build: { fraction: 0.5, message: 'half' } } }),
      ],
      [answer('finished', 30, 'build/1', { way: 'claim', data: { result: 'pass', ...image } })],
      ...(keptn ? [[timer('begin/test/1', 2030)]] : []),
      [answer('finished', 3000, 'test/1', { way: 'nats', data: { result: 'warning', message: 'slow', status: '' } })],
      [answer('finished', 3100, 'test/1', { source: '/late', data: { result: 'fail' } })],
      [answer('invalidated', 3200, 'test/1', { source: '/person', data: { message: 'wrong baseline' } })],
    ),
    ...(keptn ? [] : [computed]),
    scenario('fails-with-a-word-that-there-is-not', keptn ? KEPTN : LINEAR, [trigger()], ...turn, [
      answer('finished', 30, 'build/1', { way: 'nats', data: { result: 'maybe', ...image } }),
    ]),
    scenario(
      'times-out-and-tries-again',
      TIMES,
      [trigger()],
      [timer('start-timeout/build/1', 5000)],
      [timer('begin/build/2', 6500)],
      [answer('started', 7000, 'build/2', { way: 'claim', leaseMs: 60_000 })],
      [timer('heartbeat/build/2', 10_000)],
      [timer('begin/build/3', 13_000)],
      [answer('started', 13_100, 'build/3', { way: 'claim', leaseMs: 1000 })],
      [lost(14_200, 3)],
      [answer('started', 14_300, 'build/4', { way: 'push' })],
      [answer('status.changed', 16_000, 'build/4', { way: 'push', data: { fraction: 0.1 } })],
      [timer('heartbeat/build/4', 17_300)],
      [answer('status.changed', 18_900, 'build/4', { way: 'push' })],
      [answer('status.changed', 21_800, 'build/4', { way: 'push' })],
      [timer('timeout/build/4', 24_300)],
      [timer('begin/build/5', 33_000)],
      [
        answer('finished', 33_100, 'build/5', {
          data: { status: 'errored', error: { code: 'BUSY', retryAfterMs: 100 } },
        }),
      ],
      [timer('begin/build/6', 33_200)],
      [answer('finished', 33_300, 'build/6', { data: { result: 'pass', ...image } })],
      [timer('begin/test/1', 63_300)],
      [timer('run-timeout', 3_600_000)],
    ),
    scenario(
      'runs-a-graph',
      GRAPH,
      [trigger()],
      [goOn(1, 100)],
      [answer('finished', 10, 'scan/1', { data: { result: 'fail', message: 'two CVEs', scan: { found: 2 } } })],
      [answer('finished', 20, 'build/1', { data: { result: 'pass', ...image } })],
      [answer('finished', 30, 'first/1', { uses: 'check', data: { result: 'warning' } })],
      [command('pause', 35)],
      [answer('finished', 40, 'test/1', { data: { result: 'fail', test: { failed: 3 } } })],
      [command('resume', 50)],
      [timer('begin/settle/1', 20_000)],
      [answer('finished', 21_000, 'undo/1', { data: { message: 'rolled back' } })],
      [timer('finally-timeout', 31_000)],
    ),
    scenario(
      'is-in-finally',
      GRAPH,
      [trigger()],
      [goOn(1, 100)],
      [answer('finished', 10, 'scan/1', { data: { scan: { found: 0 } } })],
      [command('abort', 20, { by: 'ops' })],
    ),
    scenario(
      'stops-when-an-error-is-not-to-be-retried',
      TIMES,
      [trigger()],
      [answer('finished', 100, 'build/1', { data: { status: 'errored', error: { code: 'BROKEN', message: 'no' } } })],
    ),
    scenario(
      'is-paused-resumed-and-aborted',
      GROUPED,
      [trigger()],
      [command('pause', 5, { by: 'ops', reason: 'lunch' })],
      [granted(10)],
      [command('resume', 20)],
      [answer('started', 30, 'build/1', { way: 'nats' }), command('pause', 40)],
      [answer('finished', 50, 'build/1', { way: 'nats', data: image })],
      [command('resume', 60)],
      [command('abort', 70, { by: 'ops', reason: 'wrong version' })],
    ),
    scenario('is-aborted-while-it-waits', GROUPED, [trigger()], [command('abort', 10)]),
    scenario('is-rejected-by-its-group', GROUPED, [trigger()], [rejected(10)]),
    scenario('waits-for-its-group', GROUPED, [trigger()]),
    scenario('is-under-way', GROUPED, [trigger()], [granted(10)], [answer('finished', 50, 'build/1', { data: image })]),
    scenario('is-refused', GROUPED, [trigger({ refusal: 'trigger-depth: too deep', depth: 33, lenient: true })]),
    scenario('has-a-trigger-too-large', TWO, [trigger()], [undeliverable(10)]),
    scenario('is-parked-and-aborted', TWO, [trigger()], [park(10)], [command('abort', 20, { reason: 'stuck' })]),
    scenario('is-parked', TWO, [trigger()], [park(10)]),
    scenario(
      'is-answered-by-two',
      TWO,
      [trigger()],
      [
        answer('started', 10, 'build/1', { source: '/a', way: 'nats' }),
        answer('started', 11, 'build/1', { source: '/b' }),
      ],
      [answer('finished', 20, 'build/1', { source: '/a', way: 'nats', data: { result: 'warning', build: { a: 1 } } })],
      [answer('finished', 21, 'build/1', { source: '/a', data: { result: 'fail' } })],
      [answer('finished', 30, 'build/1', { source: '/b', data: { result: 'pass', build: { b: [2] } } })],
    ),
    scenario(
      'is-answered-for-another-task',
      TWO,
      [trigger()],
      [answer('finished', 10, 'build/1', { uses: 'test' }), answer('finished', 11, 'paint/1', { uses: 'paint' })],
    ),
  ];
}

export const scenarios: readonly Scenario[] = [...of('plain'), ...of('keptn')];

const enqueue = (run: string, ms: number, policy: 'queue' | 'reject' = 'queue'): GroupInput => ({
  ...{ kind: 'enqueue', at: T0 + ms, run, acceptedAt: T0 + ms, limit: 2, policy },
});

export const groupScenarios: readonly GroupScenario[] = [
  {
    name: 'group-of-two',
    entries: [
      [enqueue('a', 1), enqueue('b', 3)],
      [enqueue('d', 5), enqueue('c', 4)],
      [{ kind: 'release', at: T0 + 10, run: 'a' }],
      [{ kind: 'release', at: T0 + 11, run: 'd' }, enqueue('e', 12)],
    ],
  },
];
