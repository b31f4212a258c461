import type { EdgePlan, JsonObject, SequencePlan, TaskPlan } from '@slipway/contract';
import { edgesOf } from '@slipway/contract';
import { createEvaluator } from '../../src/shipyard/index.ts';

/**
 * The graph of a sequence, written down a second time from the rules of the language and without a look at the engine: no
 * counters and no worklist, but every edge looked at again after every step. Slow, and easy to read against the rules.
 */
export class GraphReference {
  readonly #sequence: SequencePlan;
  readonly #input: JsonObject;
  readonly #order: string[];
  readonly #tasks = new Map<string, TaskPlan>();
  readonly #states = new Map<string, State>();
  /** The sources whose edge was taken when the task started, or was skipped. */
  readonly #from = new Map<string, string[]>();
  /** Tasks that have begun, in order: what a service is asked to do, and with which data. */
  readonly begun: { task: string; data: JsonObject; with: unknown }[] = [];
  #ready: string[] = [];
  #paused = false;
  #inFinally = false;
  #main: { status: string; result: string; failed: string | undefined } | undefined;
  end: { status: string; result: string; failed: string | undefined; output: unknown } | undefined;
  #output: unknown;

  constructor(sequence: SequencePlan, input: JsonObject) {
    this.#sequence = sequence;
    this.#input = input;
    for (const task of sequence.tasks) {
      this.#tasks.set(task.key, task);
      this.#states.set(task.key, { is: 'waiting' });
    }
    this.#order = this.#sorted();
    this.#move([]);
  }

  stateOf(task: string): State {
    return this.#states.get(task) ?? { is: 'waiting' };
  }

  /** A service has answered, or a time is over. */
  answer(task: string, said: Said): void {
    this.#finish(task, said);
    this.#move([]);
  }

  /** A wait is over. */
  wake(task: string): void {
    this.#finish(task, { result: 'pass', status: 'succeeded', message: '', timedOut: false, output: undefined });
    this.#move([]);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#move([]);
  }

  /** An abort, or the time of the sequence is over. */
  stop(by: 'abort' | 'timeout'): void {
    const status = by === 'abort' ? 'aborted' : 'errored';
    this.#cancelAll();
    if (this.#inFinally) {
      this.#close({ status: this.#main?.status === 'aborted' ? 'aborted' : status, result: 'fail', failed: undefined });
      return;
    }
    this.#leaveMain({ status, result: 'fail', failed: undefined });
  }

  // ---- what follows from what

  #move(newlyReady: string[]): void {
    let started = newlyReady;
    for (;;) {
      started = [...started, ...this.#startWhatCan()];
      this.#ready.push(...inPlanOrder(this.#sequence, started));
      started = [];
      const ended = this.#beginReady();
      if (ended === 'run ends') return;
      if (ended) continue;
      if (this.#phase().some((task) => !isDone(this.stateOf(task.key)))) return;
      if (this.#inFinally) {
        const found = this.#computed();
        const main = this.#main ?? { status: 'succeeded', result: 'pass', failed: undefined };
        const isWorse = found.result === 'fail';
        this.#close({
          status: main.status === 'succeeded' && isWorse ? found.status : main.status,
          result: isWorse ? 'fail' : main.result,
          failed: isWorse && main.result !== 'fail' ? found.failed : main.failed,
        });
        return;
      }
      this.#leaveMain(this.#overridden(this.#computed()));
      return;
    }
  }

  /** Rule 1: all edges first, then the joins; rule 12: what is cancelled comes after the joins of this step. */
  #startWhatCan(): string[] {
    const all: string[] = [];
    for (;;) {
      const now: string[] = [];
      for (const key of this.#order) {
        const task = this.#task(key);
        if (this.stateOf(key).is !== 'waiting' || (task.finally === true) !== this.#inFinally) continue;
        const { taken, dead, open } = this.#edgesInto(key);
        if (this.#isMet(task, taken)) {
          this.#from.set(key, taken);
          this.#states.set(key, { is: 'ready' });
          now.push(key);
        } else if (open.length === 0) {
          this.#from.set(key, taken);
          const failure = dead.some((source) => this.#isFailure(source));
          this.#states.set(key, {
            is: 'skipped',
            why: failure ? 'after-failure' : 'not-taken',
            continues: task.onSkip === 'continue' && !failure,
          });
        }
      }
      all.push(...now);
      for (const key of inPlanOrder(this.#sequence, now)) if (this.#task(key).rest === 'cancel') this.#cancelRest(key);
      if (now.length === 0) return all;
    }
  }

  #isMet(task: TaskPlan, taken: readonly string[]): boolean {
    const sources = this.#sourcesOf(task.key);
    const wanted = task.join === 'all' ? sources.length : task.join === 'any' ? Math.min(1, sources.length) : task.join;
    return taken.length >= wanted && this.#requiredOf(task.key).every((source) => taken.includes(source));
  }

  #couldStart(key: string): boolean {
    const { taken, open } = this.#edgesInto(key);
    return this.stateOf(key).is === 'waiting' && this.#isMet(this.#task(key), [...taken, ...open]);
  }

  #cancelRest(start: string): void {
    const unneeded = new Set(this.#sourcesOf(start));
    for (let changed = true; changed; ) {
      changed = false;
      for (const key of [...unneeded]) {
        if (isDone(this.stateOf(key))) continue;
        if (this.#targetsOf(key).some((target) => this.#couldStart(target))) continue;
        this.#states.set(key, { is: 'cancelled', started: this.stateOf(key).is !== 'waiting' });
        for (const source of this.#sourcesOf(key)) unneeded.add(source);
        changed = true;
      }
    }
  }

  /** Dead because of something that failed or was cancelled, directly or through skips. */
  #isFailure(source: string): boolean {
    const state = this.stateOf(source);
    if (state.is === 'skipped') return state.why === 'after-failure';
    return state.is === 'cancelled' || (state.is === 'finished' && isFailed(state));
  }

  // ---- edges

  #edgesInto(key: string): { taken: string[]; dead: string[]; open: string[] } {
    const found = { taken: [] as string[], dead: [] as string[], open: [] as string[] };
    for (const source of this.#sourcesOf(key)) {
      if (!isDone(this.stateOf(source))) found.open.push(source);
      else if (this.#edges().some((edge) => edge.from === source && edge.to === key && this.#isTaken(edge)))
        found.taken.push(source);
      else found.dead.push(source);
    }
    return found;
  }

  #isTaken(edge: EdgePlan): boolean {
    const state = this.stateOf(edge.from);
    if (state.is === 'skipped') {
      if (edge.branch !== undefined) return state.continues && edge.when === undefined;
      if (edge.on === 'skipped' || edge.on === 'always') return true;
      return state.continues && (edge.on === 'success' || edge.on === 'complete');
    }
    if (state.is !== 'finished') return false;
    if (edge.branch !== undefined) return !isFailed(state) && state.branch === edge.branch;
    if (edge.on === 'complete' || edge.on === 'always') return true;
    if (!isFailed(state)) return edge.on === 'success';
    const hasTimeoutEdge = this.#edges().some((one) => one.from === edge.from && one.on === 'timeout');
    if (edge.on === 'timeout') return state.timedOut;
    return edge.on === 'failure' && !(state.timedOut && hasTimeoutEdge);
  }

  // ---- beginning and ending one task

  /** Answers whether something ended at once. */
  #beginReady(): boolean | 'run ends' {
    let ended = false;
    if (this.#paused) return false;
    const ready = this.#ready;
    this.#ready = [];
    for (const key of ready) {
      if (this.stateOf(key).is !== 'ready') continue;
      const outcome = this.#begin(key);
      if (outcome === 'run ends') return outcome;
      if (outcome === 'ended') ended = true;
    }
    return ended;
  }

  #begin(key: string): 'open' | 'ended' | 'run ends' {
    const task = this.#task(key);
    if (task.when !== undefined) {
      const verdict = evaluator.evaluate(task.when, this.#scope(key));
      if (!verdict.ok || typeof verdict.value !== 'boolean') {
        this.#finish(key, EXPRESSION_FAILED);
        return 'ended';
      }
      if (!verdict.value) {
        this.#states.set(key, { is: 'skipped', why: 'when', continues: task.onSkip === 'continue' });
        return 'ended';
      }
    }
    if (task.builtIn === 'wait') {
      this.#states.set(key, { is: 'delayed' });
      return 'open';
    }
    if (task.builtIn !== undefined) return this.#doBuiltIn(key, task);
    let input: unknown;
    if (task.with !== undefined) {
      const computed = evaluator.resolve(task.with, this.#scope(key));
      if (!computed.ok) {
        this.#finish(key, EXPRESSION_FAILED);
        return 'ended';
      }
      input = computed.value;
    }
    this.#states.set(key, { is: 'open' });
    this.begun.push({ task: key, data: this.#dataFor(key), with: input });
    return 'open';
  }

  #doBuiltIn(key: string, task: TaskPlan): 'ended' | 'run ends' {
    const given = (task.with ?? {}) as { result?: string; message?: string };
    const result = task.builtIn === 'end' ? (given.result ?? 'pass') : 'pass';
    this.#finish(key, {
      result,
      status: 'succeeded',
      message: given.message ?? '',
      timedOut: false,
      output: undefined,
    });
    if (task.builtIn === 'noop') return 'ended';
    this.#cancelAll();
    const found = this.#computed();
    this.#leaveMain(given.result === undefined ? this.#overridden(found) : { ...found, result: given.result });
    return 'run ends';
  }

  #finish(key: string, said: Said): void {
    const task = this.#task(key);
    let state: Finished = { is: 'finished', ...said };
    let own = { output: said.output ?? null, result: said.result, status: said.status, message: said.message };
    if (!isFailed(state) && task.output !== undefined) {
      const kept = evaluator.resolve(task.output, { ...this.#scope(key), ...own });
      if (kept.ok) state.output = kept.value;
      else state = { ...state, ...EXPRESSION_FAILED, output: said.output };
      own = { ...own, output: state.output ?? null };
    }
    // The only schema that the workload writes asks for an object.
    if (!isFailed(state) && task.outputSchema !== undefined && !isPlain(state.output))
      state = { ...state, ...EXPRESSION_FAILED, output: state.output };
    if (!isFailed(state) && task.publish !== undefined) {
      const published = evaluator.resolve(task.publish, { ...this.#scope(key), ...own });
      if (published.ok) state.published = published.value as JsonObject;
      else state = { ...state, ...EXPRESSION_FAILED, output: state.output };
    }
    if (!isFailed(state)) {
      const branch = this.#branchOf(key, own);
      if (branch === 'error') state = { ...state, ...EXPRESSION_FAILED, output: state.output, published: undefined };
      else state.branch = branch;
    }
    if (isFailed(state) && task.ignoreFailure) {
      const branch = this.#branchOf(key, { ...own, result: 'warning', status: 'succeeded' });
      const isNone = branch === 'error';
      state = {
        ...state,
        result: 'warning',
        status: 'succeeded',
        timedOut: false,
        branch: isNone ? undefined : branch,
      };
    }
    this.#states.set(key, state);
  }

  /** The first branch whose condition holds. */
  #branchOf(key: string, own: JsonObject): number | undefined | 'error' {
    const branches = this.#edges()
      .filter((edge) => edge.from === key && edge.branch !== undefined)
      .sort((a, b) => (a.branch ?? 0) - (b.branch ?? 0));
    for (const { branch, when } of branches) {
      if (when === undefined) return branch;
      const verdict = evaluator.evaluate(when, { ...this.#scope(key), ...own });
      if (!verdict.ok || typeof verdict.value !== 'boolean') return 'error';
      if (verdict.value) return branch;
    }
    return undefined;
  }

  #cancelAll(): void {
    for (const { key } of this.#phase()) {
      const state = this.stateOf(key);
      if (!isDone(state)) this.#states.set(key, { is: 'cancelled', started: state.is !== 'waiting' });
    }
    this.#ready = [];
  }

  // ---- what a task sees

  /** Rule 2: the sources whose edge was taken by then, and what those saw. */
  #seenBy(key: string, found = new Set<string>()): Set<string> {
    for (const source of this.#from.get(key) ?? []) {
      if (found.has(source)) continue;
      found.add(source);
      this.#seenBy(source, found);
    }
    return found;
  }

  #visible(key: string | undefined): string[] {
    if (key === undefined) return this.#order.filter((one) => this.#isOver(one));
    const seen = this.#seenBy(key);
    if (this.#task(key).finally) for (const task of this.#sequence.tasks) if (!task.finally) seen.add(task.key);
    return this.#order.filter((one) => seen.has(one) && this.#isOver(one));
  }

  #isOver(key: string): boolean {
    const { is } = this.stateOf(key);
    return is === 'finished' || is === 'skipped';
  }

  #dataFor(key: string | undefined): JsonObject {
    let data = this.#input;
    for (const one of this.#visible(key)) {
      const state = this.stateOf(one);
      if (state.is !== 'finished') continue;
      const { result, status, message, output, more } = state;
      data = deepMerge(data, { ...more, status, result, message, ...(output === undefined ? {} : { [one]: output }) });
    }
    return data;
  }

  #scope(key: string | undefined): JsonObject {
    const tasks: JsonObject = {};
    let vars: JsonObject = { ...this.#sequence.vars };
    for (const one of this.#visible(key)) {
      const state = this.stateOf(one);
      const name = one.replaceAll('-', '_');
      if (state.is === 'skipped')
        tasks[name] = { status: 'skipped', attempts: 0, ...(state.continues ? { result: 'pass' } : {}) };
      if (state.is !== 'finished') continue;
      const { result, status, message } = state;
      tasks[name] = { result, status, message, output: state.output ?? null };
      vars = { ...vars, ...state.published };
    }
    const run = this.#inFinally ? { result: this.#main?.result, status: this.#main?.status } : {};
    return { data: this.#dataFor(key), input: this.#input, vars, tasks, run };
  }

  // ---- the end

  #leaveMain(end: { status: string; result: string; failed: string | undefined }): void {
    const output = this.#sequence.output;
    let found = end;
    this.#output = this.#leafOutputs();
    if (output !== undefined && end.status !== 'aborted') {
      const { status, result } = end;
      const resolved = evaluator.resolve(output, { ...this.#scope(undefined), status, result });
      this.#output = resolved.ok ? resolved.value : undefined;
      if (!resolved.ok && result !== 'fail') found = { status: 'errored', result: 'fail', failed: undefined };
    }
    this.#main = found;
    if (!this.#sequence.tasks.some((task) => task.finally)) {
      this.#close(found);
      return;
    }
    this.#inFinally = true;
    this.#move([]);
  }

  #close(end: { status: string; result: string; failed: string | undefined }): void {
    this.end = { ...end, output: this.#output };
  }

  #overridden(end: { status: string; result: string; failed: string | undefined }): typeof end {
    const { result } = this.#sequence;
    if (result === undefined) return end;
    const scope = { ...this.#scope(undefined), result: end.result, status: end.status };
    const answer = evaluator.evaluate(result, scope);
    if (answer.ok && ['pass', 'warning', 'fail'].includes(String(answer.value)))
      return { ...end, result: String(answer.value) };
    return { status: 'errored', result: 'fail', failed: undefined };
  }

  /** Rules 3 to 6. */
  #computed(): { status: string; result: string; failed: string | undefined } {
    const unhandled = this.#phase().filter(({ key }) => this.#isUnhandled(key));
    const [first] = unhandled;
    if (first !== undefined) {
      const isErrored = unhandled.some(({ key }) => {
        const state = this.stateOf(key);
        return state.is === 'finished' && state.status === 'errored';
      });
      return { status: isErrored ? 'errored' : 'succeeded', result: 'fail', failed: first.key };
    }
    const isWarning = this.#leaves().some((key) => {
      const state = this.stateOf(key);
      return state.is === 'finished' && state.result === 'warning';
    });
    return { status: 'succeeded', result: isWarning ? 'warning' : 'pass', failed: undefined };
  }

  #isUnhandled(key: string): boolean {
    const state = this.stateOf(key);
    if (state.is !== 'finished' || !isFailed(state)) return false;
    const isCaught = this.#edges().some(
      (edge) =>
        edge.from === key &&
        (edge.on === 'failure' || edge.on === 'timeout') &&
        this.#isTaken(edge) &&
        this.#hasStarted(edge.to),
    );
    return !isCaught && !this.#reaches(key, 'skipped', (target) => this.#task(target).join !== 'all');
  }

  #leaves(): string[] {
    return this.#phase()
      .map(({ key }) => key)
      .filter((key) => {
        const state = this.stateOf(key);
        return state.is === 'finished' && !this.#reaches(key, 'continued', () => true);
      });
  }

  #leafOutputs(): unknown {
    const outputs: JsonObject = {};
    for (const key of this.#leaves()) {
      const state = this.stateOf(key);
      if (state.is === 'finished' && state.output !== undefined) outputs[key] = state.output;
    }
    return Object.keys(outputs).length === 0 ? undefined : outputs;
  }

  /** Whether an edge leads, directly or through tasks that were skipped, to a task that started and fits. */
  #reaches(key: string, through: 'skipped' | 'continued', fits: (target: string) => boolean): boolean {
    return this.#targetsOf(key).some((target) => {
      if (this.#hasStarted(target)) return fits(target);
      const state = this.stateOf(target);
      if (state.is !== 'skipped' || (through === 'continued' && !state.continues)) return false;
      return this.#reaches(target, through, fits);
    });
  }

  #hasStarted(key: string): boolean {
    const state = this.stateOf(key);
    return state.is === 'cancelled' ? state.started : !['waiting', 'skipped'].includes(state.is);
  }

  // ---- the plan

  #task(key: string): TaskPlan {
    const task = this.#tasks.get(key);
    if (task === undefined) throw new Error(`there is no task ${key}`);
    return task;
  }

  #phase(): TaskPlan[] {
    return this.#sequence.tasks.filter((task) => (task.finally === true) === this.#inFinally);
  }

  #edges(): readonly EdgePlan[] {
    return edgesOf(this.#sequence);
  }

  #sourcesOf(key: string): string[] {
    return [
      ...new Set(
        this.#edges()
          .filter((edge) => edge.to === key)
          .map((edge) => edge.from),
      ),
    ];
  }

  #requiredOf(key: string): string[] {
    return this.#edges()
      .filter((edge) => edge.to === key && edge.required)
      .map((edge) => edge.from);
  }

  #targetsOf(key: string): string[] {
    return [
      ...new Set(
        this.#edges()
          .filter((edge) => edge.from === key)
          .map((edge) => edge.to),
      ),
    ];
  }

  /** The task that was written first, of those whose sources are all there. */
  #sorted(): string[] {
    const sorted: string[] = [];
    for (;;) {
      const next = this.#sequence.tasks.find(
        ({ key }) => !sorted.includes(key) && this.#sourcesOf(key).every((source) => sorted.includes(source)),
      );
      if (next === undefined) return sorted;
      sorted.push(next.key);
    }
  }
}

export type Said = {
  result: string;
  status: string;
  message: string;
  timedOut: boolean;
  output: unknown;
  /** What the answer's data has beside the output. */
  more?: JsonObject;
};
type Finished = { is: 'finished'; branch?: number | undefined; published?: JsonObject | undefined } & Said;
export type State =
  | { is: 'waiting' | 'ready' | 'open' | 'delayed' }
  | Finished
  | { is: 'skipped'; why: 'when' | 'not-taken' | 'after-failure'; continues: boolean }
  | { is: 'cancelled'; started: boolean };

const evaluator = createEvaluator();
const EXPRESSION_FAILED: Said = { result: 'fail', status: 'errored', message: '', timedOut: false, output: undefined };

function isDone(state: State): boolean {
  return state.is === 'finished' || state.is === 'skipped' || state.is === 'cancelled';
}

function isFailed(state: Finished): boolean {
  return state.result === 'fail' || state.status === 'errored';
}

function inPlanOrder(sequence: SequencePlan, keys: readonly string[]): string[] {
  return sequence.tasks.map((task) => task.key).filter((key) => keys.includes(key));
}

function deepMerge(a: JsonObject, b: JsonObject): JsonObject {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = merged[key];
    merged[key] = isPlain(before) && isPlain(value) ? deepMerge(before, value) : value;
  }
  return merged;
}

function isPlain(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
