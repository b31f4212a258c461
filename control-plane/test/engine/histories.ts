import type { CloudEvent, Dialect, EdgePlan, JsonObject, Plan, SequencePlan, TaskPlan } from '@slipway/contract';
import fc from 'fast-check';
import type { Effect, Env, OutEvent, Run, RunInput } from '../../src/engine/index.ts';
import { indexPlan, transition } from '../../src/engine/index.ts';
import { createEvaluator } from '../../src/shipyard/index.ts';

/** Histories of one run, drawn by fast-check: a plan, and inputs that mostly fit what the run is in just then. */
export type History = { plan: Plan; dialect: Dialect; lenient: boolean; steps: readonly DrawnStep[] };
export type Step = ReturnType<typeof transition>;

/** What a step is about is decided when it is played: numbers choose among what there is then. */
export type DrawnStep = {
  what: keyof typeof WEIGHTS;
  pick: number;
  /** The clocks of replicas differ, so time may go back. */
  elapsedMs: number;
  random: number;
  source: number;
  id: number;
  data: unknown;
};

/** How often each is drawn: what ends a run is rare, so that histories come far. */
const WEIGHTS = {
  ...{ finish: 16, start: 12, progress: 6, timer: 10, 'early-timer': 6, 'lease-lost': 8, repeat: 6 },
  ...{ grant: 6, pause: 3, resume: 3, undeliverable: 2, 'stray-answer': 4, 'stray-timer': 2, continue: 1 },
  ...{ rejected: 1, abort: 1, park: 1, 'other-trigger': 1 },
} as const;

const RUN = '0c1f7e7a-0000-5000-8000-000000000000';
const T0 = 1_763_712_000_000;
const evaluator = createEvaluator();

const duration = fc.constantFrom(undefined, undefined, 500, 2_000, 30_000);
const set = <K extends string, V>(key: K, value: V | undefined): { [k in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [k in K]?: V };

type DrawnTasks = { tasks: TaskPlan[]; edges: EdgePlan[] | undefined };

/** Tasks that need earlier ones, in one line or as a graph. */
const tasks: fc.Arbitrary<DrawnTasks> = fc
  .record({
    count: fc.integer({ min: 1, max: 4 }),
    graph: fc.boolean(),
    drawn: fc.array(
      fc.record({
        uses: fc.constantFrom('build', 'test', 'deploy'),
        on: fc.constantFrom<EdgePlan['on'][]>(
          'success',
          'success',
          'failure',
          'timeout',
          'complete',
          'skipped',
          'always',
        ),
        rest: fc.constantFrom(undefined, undefined, 'cancel'),
        condition: fc.constantFrom(undefined, undefined, 'data.project == "shop"', 'false', 'data.no.such'),
        onSkip: fc.constantFrom(undefined, 'continue'),
        ignoreFailure: fc.constantFrom(undefined, undefined, undefined, true),
        publish: fc.constantFrom<JsonObject | undefined>(
          undefined,
          { v: '${{ result }}' },
          { v: '${{ output.image }}' },
        ),
        builtIn: fc.constantFrom(undefined, undefined, undefined, undefined, 'noop', 'wait', 'end'),
        branch: fc.constantFrom(undefined, undefined, undefined, "result == 'pass'", 'data.no.such'),
        isFinally: fc.constantFrom(false, false, true),
        join: fc.constantFrom<TaskPlan['join'][]>('all', 'all', 'any', 1, 2),
        far: fc.nat({ max: 3 }),
        timeoutMs: duration,
        startTimeoutMs: duration,
        heartbeatMs: duration,
        triggeredAfterMs: duration,
        executors: fc.constantFrom(1, 1, 1, 2),
        properties: fc.constantFrom<JsonObject | undefined>(undefined, { depth: 3 }),
        with: fc.constantFrom<unknown>(undefined, undefined, { x: '${{ data.project }}' }, '${{ data.no.such }}'),
        retry: fc.option(
          fc.record({
            attempts: fc.integer({ min: 1, max: 4 }),
            delayMs: fc.constantFrom(0, 500, 5_000),
            backoff: fc.constantFrom('fixed', 'linear', 'exponential'),
            maxDelayMs: fc.constantFrom(1_000, 60_000),
            jitter: fc.constantFrom(0, 0.2, 1),
            when: fc.constantFrom(undefined, "error.code != 'BROKEN'", 'error.no.such', 'attempts < 2'),
          }),
          { nil: undefined },
        ),
      }),
      { minLength: 4, maxLength: 4 },
    ),
  })
  .map(({ count, graph, drawn }) => {
    const edges: EdgePlan[] = [];
    const tasks = drawn.slice(0, count).map((one, index): TaskPlan => {
      const { uses, on, join, far, executors, retry, isFinally, branch, condition, builtIn, ...more } = one;
      const { rest: cancels, onSkip, ignoreFailure, publish, ...rest } = more;
      const before = Array.from({ length: index }, (_, place) => `t${place}`);
      const wanted = graph ? before.slice(-1 - far) : before.slice(-1);
      const task: TaskPlan = {
        key: `t${index}`,
        name: `t${index}`,
        uses,
        needs: graph ? [] : wanted.map((need) => ({ task: need, on: 'success' })),
        join: graph ? join : 'all',
        executors,
      };
      if (retry !== undefined) {
        const { when, ...plan } = retry;
        task.retry = { ...plan, ...set('when', when) };
      }
      for (const [key, value] of Object.entries(rest)) Object.assign(task, set(key, value));
      if (!graph) return task;
      const isLast = isFinally && index > 0 && index === count - 1;
      const graphKeys = { rest: cancels, when: condition, onSkip, ignoreFailure, publish, builtIn };
      for (const [key, value] of Object.entries(graphKeys)) Object.assign(task, set(key, value));
      if (task.builtIn === 'wait') task.with = { for: '2s' };
      else if (task.builtIn !== undefined) delete task.with;
      if (isLast) {
        task.finally = true;
        if (task.builtIn === 'end') delete task.builtIn;
        task.join = 'all';
        return task;
      }
      for (const from of wanted) {
        const edge: EdgePlan = { from, to: task.key, on };
        edges.push(branch === undefined ? edge : { ...edge, on: 'success', branch: 0, when: branch });
      }
      if (typeof task.join === 'number') task.join = Math.max(1, Math.min(task.join, wanted.length));
      return task;
    });
    return { tasks, edges: graph ? edges : undefined };
  });

const plan: fc.Arbitrary<Plan> = fc
  .record({
    tasks,
    timeoutMs: fc.constantFrom(undefined, undefined, 60_000),
    output: fc.constantFrom<unknown>(undefined, undefined, { is: '${{ tasks.t0.result }}' }, '${{ data.no.such }}'),
    group: fc.constantFrom(undefined, undefined, 'one', '${{ service }}', '${{ data.no.such }}'),
    policy: fc.constantFrom('queue', 'reject'),
    result: fc.constantFrom(undefined, undefined, "result == 'fail' ? 'warning' : result", 'data.no.such'),
    when: fc.constantFrom(undefined, "result == 'pass'", 'data.no.such', '1'),
    match: fc.constantFrom(undefined, { result: 'fail' }, { 't0.result': 'pass' }),
  })
  .map(({ tasks: { tasks, edges }, timeoutMs, output, group, policy, when, match, result }): Plan => {
    const main: SequencePlan = {
      ...{ stage: 'dev', name: 'seq', triggeredOn: [], tasks },
      ...set('edges', edges),
      ...set('result', edges === undefined ? undefined : result),
      ...set('finallyTimeoutMs', tasks.some((task) => task.finally) ? 60_000 : undefined),
      ...set('timeoutMs', timeoutMs),
      ...set('output', output),
      ...set('concurrency', group === undefined ? undefined : { group, limit: 1, policy }),
    };
    const rule = { stage: 'dev', sequence: 'seq', ...set('match', match), ...set('when', when) };
    const follower: SequencePlan = { ...main, stage: 'prod', name: 'go', triggeredOn: [rule] };
    const stages = [
      { name: 'dev', sequences: [main] },
      { name: 'prod', sequences: [follower] },
    ];
    return deepFreeze({ apiVersion: 'slipway.dev/v1', name: 'drawn', version: 'v1', stages });
  });

/** Also what no service in its right mind answers. */
const answerData = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, {}, [], 'text', 7, { result: 'maybe' }, { status: 5 }, { result: '' }),
  fc.record({ result: fc.constantFrom('pass', 'pass', 'warning', 'fail'), build: fc.constant({ image: 'a:1' }) }),
  fc.record(
    {
      result: fc.constantFrom('pass', 'warning', 'fail'),
      status: fc.constantFrom('succeeded', 'errored', 'aborted', 'unknown'),
      message: fc.constantFrom('', 'because', 7),
      build: fc.constantFrom<unknown>({ image: 'a:1' }, 'text', null),
      labels: fc.constantFrom<unknown>({ team: 'a' }, 'text', null),
      fraction: fc.constantFrom<unknown>(0.5, -1, 'half'),
      error: fc.constantFrom<unknown>(
        { code: 'BROKEN' },
        { code: 'NET', retryable: false },
        { code: 'BUSY', retryAfterMs: 100 },
        { code: 7 },
        'text',
      ),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

const step: fc.Arbitrary<DrawnStep> = fc.record({
  what: fc.oneof(
    ...Object.entries(WEIGHTS).map(([what, weight]) => ({
      arbitrary: fc.constant(what as keyof typeof WEIGHTS),
      weight,
    })),
  ),
  pick: fc.nat({ max: 20 }),
  elapsedMs: fc.oneof(fc.constantFrom(-500, 0, 0, 1, 499, 2_000, 31_000), fc.integer({ min: 0, max: 70_000 })),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  source: fc.nat({ max: 2 }),
  id: fc.nat({ max: 12 }),
  data: answerData,
});

export const history: fc.Arbitrary<History> = fc.record({
  plan,
  dialect: fc.constantFrom('plain', 'keptn'),
  lenient: fc.boolean(),
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
});

/** Something that happened to the run, with what it was before. */
export type Happening = { before: Run | undefined; input: RunInput; step: Step; env: Env };

/** Plays a history; `look` sees each input with what it did. Answers what happened. */
export function play(drawn: History, look: (happening: Happening) => void = () => undefined): Happening[] {
  const env = indexPlan(drawn.plan, evaluator)('dev', 'seq');
  const happened: Happening[] = [];
  const timers = new Map<string, number>();
  let run: Run | undefined;
  let at = T0;
  const decide = (input: RunInput): void => {
    const happening = { before: run, input, step: transition(deepFreeze(run), deepFreeze(input), env), env };
    look(happening);
    happened.push(happening);
    run = happening.step.run;
    for (const effect of happening.step.effects) keepTimer(timers, effect);
  };
  decide(triggerOf(drawn, at));
  for (const one of drawn.steps) {
    at += one.elapsedMs;
    decide(inputOf({ drawn, one, at, run, timers, happened }));
  }
  return happened;
}

function keepTimer(timers: Map<string, number>, effect: Effect): void {
  if (effect.kind === 'schedule') timers.set(effect.name, effect.dueAt);
  if (effect.kind === 'unschedule') timers.delete(effect.name);
}

function triggerOf({ dialect, lenient }: History, at: number, bodyHash = 'hash'): RunInput {
  const event: CloudEvent = {
    ...{ specversion: '1.0', id: 'trigger-1', source: '/test', type: 'dev.seq.triggered', traceparent: '00-1-2-01' },
    data: { project: 'shop', service: 'carts', labels: { team: 'a' }, build: { from: 'trigger' } },
  };
  return {
    ...{ kind: 'trigger', at, run: RUN, project: 'shop', stage: 'dev', sequence: 'seq', dialect, lenient, bodyHash },
    ...{ planVersion: 'v1', correlationId: RUN, depth: 0, event, json: JSON.stringify(event) },
  };
}

type Moment = {
  drawn: History;
  one: DrawnStep;
  at: number;
  run: Run | undefined;
  timers: ReadonlyMap<string, number>;
  happened: readonly Happening[];
};

function inputOf({ drawn, one, at, run, timers, happened }: Moment): RunInput {
  const { pick, random } = one;
  const open = Object.entries(run?.nodes ?? {}).flatMap(([task, node]) =>
    node.state === 'open' ? [{ task, attempt: node.attempt.number }] : [],
  );
  const target = open[pick % Math.max(1, open.length)] ?? { task: 't0', attempt: 1 };
  const source = `/source-${one.source}`;
  switch (one.what) {
    case 'start':
      return answerOf({ ...one, ...target, phase: 'started', at, source, plan: drawn.plan });
    case 'progress':
      return answerOf({ ...one, ...target, phase: 'status.changed', at, source, plan: drawn.plan });
    case 'finish':
      return answerOf({ ...one, ...target, phase: 'finished', at, source, plan: drawn.plan });
    case 'stray-answer': {
      const stray = { task: pick % 3 === 0 ? '~' : `t${pick % 5}`, attempt: pick % 4 };
      const phase = (['started', 'status.changed', 'finished', 'invalidated'] as const)[one.id % 4] ?? 'finished';
      return answerOf({ ...one, ...stray, phase, at, source, plan: drawn.plan });
    }
    case 'timer':
    case 'early-timer': {
      const all = [...timers];
      const [name, dueAt] = all[pick % Math.max(1, all.length)] ?? ['begin/t0/1', at];
      return { kind: 'timer', at: one.what === 'timer' ? Math.max(at, dueAt) : dueAt - 1 - pick, name, dueAt, random };
    }
    case 'stray-timer': {
      const names = [
        '',
        '/',
        'begin',
        'begin/~/1',
        'begin/t0/x',
        'timeout/t0/-1',
        'heartbeat/t9/1',
        'run-timeout/x',
        'finally-timeout',
      ];
      return { kind: 'timer', at, name: names[pick % names.length] ?? '', dueAt: at, random };
    }
    case 'lease-lost':
      return { kind: 'lease-lost', at: at + pick * 2_000, ...target, source: holderOf(run, target.task) ?? source };
    case 'undeliverable':
      return { kind: 'undeliverable', at, ...target, reason: 'too large' };
    case 'repeat':
      return happened[pick % happened.length]?.input ?? triggerOf(drawn, at);
    case 'other-trigger':
      return triggerOf(drawn, at, 'another hash');
    case 'grant':
      return { kind: 'granted', at };
    case 'continue':
      return { kind: 'continue', at, begun: run?.kind === 'open' ? run.begun - (pick % 2) : pick };
    case 'rejected':
      return { kind: 'rejected', at, message: 'the group is busy' };
    case 'park':
      return { kind: 'park', at, reason: 'deciding threw' };
    default:
      return { kind: 'command', at, command: one.what, by: 'somebody' };
  }
}

/** Who has claimed the open attempt of a task. */
function holderOf(run: Run | undefined, task: string): string | undefined {
  const node = run?.nodes[task];
  if (node?.state !== 'open') return undefined;
  return Object.entries(node.attempt.executors).find(([, one]) => one.leaseMs !== undefined)?.[0];
}

type Answering = Omit<DrawnStep, 'source'> & {
  task: string;
  attempt: number;
  phase: Extract<RunInput, { kind: 'answer' }>['phase'];
  at: number;
  source: string;
  plan: Plan;
};

function answerOf({ task, attempt, phase, at, source, plan, ...one }: Answering): RunInput {
  const uses = plan.stages[0]?.sequences[0]?.tasks.find((planned) => planned.key === task)?.uses ?? 'nothing';
  const event: CloudEvent = {
    ...{ specversion: '1.0', id: `${phase}-${one.id}`, source, type: `${uses}.${phase}` },
    causationid: `${RUN}.${task}.${attempt}`,
    data: one.data,
  };
  const way = (['claim', 'claim', 'http', 'nats', 'push'] as const)[one.pick % 5] ?? 'http';
  const lease = way === 'claim' ? { leaseMs: 10_000 } : {};
  const json = JSON.stringify(event);
  return { kind: 'answer', phase, at, task, attempt, way, random: one.random, event, json, ...lease };
}

/** What was told for the first time. */
export function firstTold(step: Step): OutEvent[] {
  return step.effects.flatMap((effect) => (effect.kind === 'publish' && !effect.again ? [effect.event] : []));
}

/** Whoever writes to what it was given is caught by it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const one of Object.values(value)) deepFreeze(one);
  }
  return value;
}
