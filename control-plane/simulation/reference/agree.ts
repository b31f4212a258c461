import { isDeepStrictEqual } from 'node:util';
import type { CloudEvent, JsonObject } from '@slipway/contract';
import { type Effect, type Env, indexPlan, type Run, type RunInput, transition } from '../../src/engine/index.ts';
import { createEvaluator } from '../../src/shipyard/index.ts';
import { type DrawnGraph, graphOfSeed } from '../workload/graphs.ts';
import { Random } from '../world/random.ts';
import { GraphReference, type Said, type State } from './graph-reference.ts';

/** What a graph of this number comes to in the engine and in the reference; undefined: the same, after every step. */
export type Disagreement = {
  seed: number;
  what: string;
  engine: unknown;
  reference: unknown;
  steps: string[];
  text: string;
};

const RUN = '0c1f7e7a-0000-5000-8000-000000000000';
const T0 = 1_763_712_000_000;
const STEPS_MAX = 200;
const evaluator = createEvaluator();

/** What was reached, so that a test can ask whether its graphs are worth it. */
export type Reached = Map<string, number>;

export function agree(
  seed: number,
  reached: Reached = new Map(),
  drawn: DrawnGraph = graphOfSeed(seed),
): Disagreement | undefined {
  const random = new Random(seed + 7);
  const input: JsonObject = { project: 'p', stage: 'dev', n: random.below(5), flag: random.chance(0.5) };
  const engine = new EngineRun(drawn, input);
  const reference = new GraphReference(drawn.sequence, input);
  const steps: string[] = [];
  for (let step = 0; step < STEPS_MAX; step++) {
    const found = difference(engine, reference, drawn, reached);
    if (found !== undefined) return { seed, ...found, steps, text: drawn.text };
    if (reference.end !== undefined) return undefined;
    steps.push(takeStep(random, engine, reference, drawn));
  }
  return {
    seed,
    what: 'the run does not end',
    engine: engine.run?.kind,
    reference: reference.end,
    steps,
    text: drawn.text,
  };
}

function takeStep(random: Random, engine: EngineRun, reference: GraphReference, { sequence }: DrawnGraph): string {
  const open = sequence.tasks.filter(({ key }) => ['open', 'delayed'].includes(reference.stateOf(key).is));
  if (engine.isPaused ? open.length === 0 || random.chance(0.5) : open.length === 0 || random.chance(0.04)) {
    if (engine.isPaused) {
      engine.command('resume');
      reference.resume();
      return 'resume';
    }
    engine.command('pause');
    reference.pause();
    return 'pause';
  }
  if (random.chance(0.012)) {
    engine.command('abort');
    reference.stop('abort');
    return 'abort';
  }
  if (sequence.timeoutMs !== undefined && engine.deadlineName === 'run-timeout' && random.chance(0.05)) {
    engine.timer('run-timeout');
    reference.stop('timeout');
    return 'run-timeout';
  }
  if (engine.deadlineName === 'finally-timeout' && random.chance(0.04)) {
    engine.timer('finally-timeout');
    reference.stop('timeout');
    return 'finally-timeout';
  }
  const task = random.pick(open);
  if (reference.stateOf(task.key).is === 'delayed') {
    engine.timer(`begin/${task.key}/1`);
    reference.wake(task.key);
    return `${task.key} has waited`;
  }
  const said = drawAnswer(random, task.timeoutMs !== undefined);
  if (said.timedOut) engine.timeOut(task.key);
  else engine.answer(task.key, task.uses, said);
  reference.answer(task.key, said);
  return `${task.key} ${said.timedOut ? 'timed out' : `${said.status} ${said.result} ${JSON.stringify(said.output)}`}`;
}

function drawAnswer(random: Random, hasTimeout: boolean): Said {
  if (hasTimeout && random.chance(0.25))
    return { result: 'fail', status: 'errored', message: '', timedOut: true, output: undefined };
  const result = random.weighted({ pass: 6, warning: 1.5, fail: 2.5 });
  const status = result === 'fail' && random.chance(0.5) ? 'errored' : 'succeeded';
  const output = random.pick([undefined, { n: random.below(4) }, { n: random.below(4) }, { m: 1 }, 'text']);
  const more: JsonObject = random.chance(0.3)
    ? { n: random.below(6), extra: { [random.pick(['a', 'b'])]: random.below(9) } }
    : {};
  return { result, status, message: '', timedOut: false, output, more };
}

/** The first thing in which the two differ. */
function difference(
  engine: EngineRun,
  reference: GraphReference,
  { sequence }: DrawnGraph,
  reached: Reached,
): { what: string; engine: unknown; reference: unknown } | undefined {
  const begun = engine.begun.map(({ task, data, with: input }) => ({ task, data: comparable(data), with: input }));
  const wanted = reference.begun.map(({ task, data, with: input }) => ({ task, data: comparable(data), with: input }));
  if (!isDeepStrictEqual(begun, wanted)) return { what: 'what was begun', engine: begun, reference: wanted };
  for (const { key } of sequence.tasks) {
    const seen = engine.stateOf(key);
    const due = shown(reference.stateOf(key));
    if (!isDeepStrictEqual(seen, due)) return { what: `the state of ${key}`, engine: seen, reference: due };
    count(reached, due.is === 'skipped' ? `skipped ${due.why}${due.continues ? ' continues' : ''}` : due.is);
  }
  const { run } = engine;
  const isOver = run?.kind === 'finished';
  if (isOver !== (reference.end !== undefined))
    return { what: 'whether it is over', engine: run?.kind, reference: reference.end };
  if (run?.kind !== 'finished' || reference.end === undefined) return undefined;
  const { status, result, output } = run;
  const end = { status, result, output: kept(output) };
  const wantedEnd = { status: reference.end.status, result: reference.end.result, output: kept(reference.end.output) };
  if (!isDeepStrictEqual(end, wantedEnd)) return { what: 'the end', engine: end, reference: wantedEnd };
  const { failed } = reference.end;
  if (
    failed !== undefined &&
    status !== 'aborted' &&
    !run.message.startsWith(`'${failed}' failed`) &&
    run.message !== 'over'
  )
    return { what: 'the message', engine: run.message, reference: failed };
  count(reached, `ended ${status} ${result}`);
  return undefined;
}

function count(reached: Reached, what: string): void {
  reached.set(what, (reached.get(what) ?? 0) + 1);
}

const kept = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** An expression that fails says more in the engine than in the reference. */
function comparable(data: JsonObject): JsonObject {
  const { message: _said, ...rest } = data;
  return kept(rest) as JsonObject;
}

type Shown =
  | { is: 'waiting' | 'ready' | 'open' | 'delayed' }
  | { is: 'finished'; result: string; status: string; branch: number | undefined; output: unknown; published: unknown }
  | { is: 'skipped'; why: string | undefined; continues: boolean }
  | { is: 'cancelled'; started: boolean };

function shown(state: State): Shown {
  if (state.is !== 'finished') return state;
  const { is, result, status, branch, output, published } = state;
  return { is, result, status, branch, output: kept(output), published: kept(published) };
}

/** A run of the engine, and what it asks of services. */
class EngineRun {
  readonly #env: Env;
  run: Run | undefined;
  readonly begun: { task: string; data: JsonObject; with: unknown }[] = [];
  #at = T0;
  #events = 0;

  constructor({ plan }: DrawnGraph, input: JsonObject) {
    this.#env = indexPlan(plan, evaluator)('dev', 'graph');
    const event: CloudEvent = {
      specversion: '1.0',
      id: 'trigger',
      source: '/test',
      type: 'dev.graph.triggered',
      data: input,
    };
    this.#take({
      ...{ kind: 'trigger', at: this.#at, run: RUN, project: 'p', stage: 'dev', sequence: 'graph', dialect: 'plain' },
      ...{ planVersion: plan.version, correlationId: RUN, bodyHash: 'hash', depth: 0, rules: 2, lenient: false },
      ...{ event, json: JSON.stringify(event) },
    });
  }

  get isPaused(): boolean {
    return this.run?.kind === 'open' && this.run.paused;
  }

  get deadlineName(): string | undefined {
    if (this.run?.kind !== 'open' || this.run.deadlineAt === undefined) return undefined;
    return this.run.main === undefined ? 'run-timeout' : 'finally-timeout';
  }

  stateOf(key: string): Shown {
    const node = this.run?.nodes[key];
    const isStarted = node?.join?.from !== undefined;
    if (node === undefined || node.state === 'pending') return { is: isStarted ? 'ready' : 'waiting' };
    if (node.state === 'skipped') return { is: 'skipped', why: node.reason, continues: node.continues === true };
    if (node.state === 'cancelled') return { is: 'cancelled', started: isStarted };
    if (node.state !== 'finished') return { is: node.state };
    const { result, status, branch, output, published } = node;
    const chosen = branch === -1 ? undefined : branch;
    return { is: 'finished', result, status, branch: chosen, output: kept(output), published: kept(published) };
  }

  command(command: 'pause' | 'resume' | 'abort'): void {
    this.#take({ kind: 'command', command, at: ++this.#at });
  }

  timer(name: string): void {
    this.#at += 3_600_000;
    this.#take({ kind: 'timer', at: this.#at, name, dueAt: this.#at, random: 0 });
  }

  timeOut(task: string): void {
    this.#answer(task, this.#usesOf(task), 'started', {});
    this.timer(`timeout/${task}/1`);
  }

  answer(task: string, uses: string, { result, status, output, more }: Said): void {
    const data: JsonObject = { ...more, status, result, ...(output === undefined ? {} : { [uses]: output }) };
    this.#answer(task, uses, 'finished', data);
  }

  #answer(task: string, uses: string, phase: 'started' | 'finished', data: JsonObject): void {
    const id = `answer-${++this.#events}`;
    const event: CloudEvent = { specversion: '1.0', id, source: '/service', type: `${uses}.${phase}`, data };
    this.#take({
      ...{ kind: 'answer', phase, at: ++this.#at, task, attempt: 1, way: 'http', random: 0 },
      ...{ event, json: JSON.stringify(event) },
    });
  }

  #usesOf(task: string): string {
    return this.#env.sequence?.tasks.find((one) => one.key === task)?.uses ?? task;
  }

  #take(input: RunInput): void {
    let effects: readonly Effect[] = this.#step(input);
    for (let more = moreOf(effects); more !== undefined; more = moreOf(effects))
      effects = this.#step({ kind: 'continue', at: this.#at, begun: more });
  }

  #step(input: RunInput): readonly Effect[] {
    const step = transition(this.run, input, this.#env);
    if (step.outcome.kind !== 'applied')
      throw new Error(`${JSON.stringify(input)} was not taken: ${JSON.stringify(step.outcome)}`);
    this.run = step.run;
    for (const effect of step.effects) {
      if (effect.kind !== 'publish' || effect.event.dispatch === undefined) continue;
      const { task, uses } = effect.event.dispatch;
      const { data } = JSON.parse(effect.event.json) as { data: JsonObject };
      const { [uses]: sent, project: _project, stage: _stage, ...rest } = data;
      this.begun.push({ task, data: { project: 'p', stage: 'dev', ...rest }, with: sent });
    }
    return step.effects;
  }
}

function moreOf(effects: readonly Effect[]): number | undefined {
  const effect = effects.find((one) => one.kind === 'continue');
  return effect?.kind === 'continue' ? effect.begun : undefined;
}
