import { ownValue } from '@slipway/contract';
import { type Graph, type GraphTask, graphOf } from '../graph/compile.ts';
import { type Board, settle, startRoots } from '../graph/settle.ts';
import type { OpenRun, RunEnd, Step, Stop } from '../types.ts';
import { setNode, type Work } from '../work.ts';
import { beginTask, cancelTask } from './begin-task.ts';
import { finishRun } from './finish.ts';
import { mainEnd, withFinally } from './main-end.ts';

/** Tasks that one step begins; the others begin with a `continue` input, so that no entry of the journal grows without bound. */
const STARTS_PER_STEP_MAX = 100;
/** And what their triggers may weigh together, the last one apart. */
const START_CHARS_PER_STEP_MAX = 2 * 1024 * 1024;

/** A run that may begin: the tasks that wait for nothing start. */
export function startRun(work: Work): Step {
  const graph = graphOf(work.env.sequence);
  const tasks = graph.tasks.filter((task) => !task.plan.finally);
  work.run.left = tasks.length;
  enqueue(work, startRoots(boardOf(work), tasks));
  return proceed(work, []);
}

/** Follows what ended, begins what is ready, and ends the run when nothing is open and nothing can start. */
export function proceed(work: Work, ended: readonly GraphTask[]): Step {
  const graph = graphOf(work.env.sequence);
  const board = boardOf(work);
  const room = { starts: STARTS_PER_STEP_MAX, chars: START_CHARS_PER_STEP_MAX };
  let over = ended;
  for (;;) {
    enqueue(work, settle(board, over));
    over = beginReady(work, graph, room);
    const { stop } = work;
    if (stop !== undefined) {
      work.stop = undefined;
      return stopRun(work, stop);
    }
    if (over.length > 0) continue;
    if (work.run.left > 0) return more(work);
    if (work.run.main === undefined && graph.hasFinally) startFinally(work, graph, mainEnd(work, undefined));
    else return finish(work, work.run.main === undefined ? mainEnd(work, undefined) : withFinally(work, work.run.main));
  }
}

/** Ends what is open and pending at once, and goes on with `finally`; what stops `finally` ends the run. */
export function stopRun(work: Work, stop: Stop): Step {
  const graph = graphOf(work.env.sequence);
  const { main } = work.run;
  const message = stop.by === 'abort' ? 'the run was aborted' : 'the run ended';
  if (!graph.isLine) {
    for (const task of graph.tasks) {
      if ((task.plan.finally !== undefined) === (main !== undefined)) cancelTask(work, task, message);
    }
  }
  work.run.ready = [];
  work.run.parked = undefined;
  if (main !== undefined) {
    const status = stop.by === 'abort' ? 'aborted' : main.status === 'aborted' ? 'aborted' : 'errored';
    return finish(work, { ...main, status, result: 'fail', message: stop.message || main.message });
  }
  const end = mainEnd(work, stop);
  if (!graph.hasFinally) return finish(work, end);
  startFinally(work, graph, end);
  return proceed(work, []);
}

function finish(work: Work, end: RunEnd): Step {
  return { run: finishRun(work, end), effects: work.effects, outcome: { kind: 'applied' } };
}

function more(work: Work): Step {
  const { run, effects } = work;
  if (run.ready.length > 0 && !run.paused) effects.push({ kind: 'continue', begun: run.begun });
  return { run, effects, outcome: { kind: 'applied' } };
}

function startFinally(work: Work, graph: Graph, end: RunEnd): void {
  const { run } = work;
  run.main = end;
  const tasks = graph.tasks.filter((task) => task.plan.finally);
  run.left = tasks.length;
  if (run.deadlineAt !== undefined)
    work.effects.push({ kind: 'unschedule', name: 'run-timeout', dueAt: run.deadlineAt });
  // From now on the deadline is that of `finally`.
  run.deadlineAt = work.at + (work.env.sequence?.finallyTimeoutMs ?? 0);
  work.effects.push({ kind: 'schedule', name: 'finally-timeout', dueAt: run.deadlineAt });
  enqueue(work, startRoots(boardOf(work), tasks));
}

/** Makes a task wait for its begin: one that has just started, or one that is tried again. */
export function enqueue(work: Work, tasks: readonly GraphTask[]): void {
  if (tasks.length > 0) work.run.ready = [...work.run.ready, ...tasks.map((task) => task.key)];
}

/** Answers the tasks that ended at once. */
function beginReady(work: Work, graph: Graph, room: { starts: number; chars: number }): GraphTask[] {
  const over: GraphTask[] = [];
  const { ready } = work.run;
  if (work.run.paused || ready.length === 0) return over;
  let taken = 0;
  while (taken < ready.length && room.starts > 0 && room.chars > 0 && work.stop === undefined) {
    const task = graph.byKey.get(ready[taken] ?? '');
    taken++;
    const node = task === undefined ? undefined : ownValue(work.run.nodes, task.key);
    // Cancelled meanwhile.
    if (task === undefined || node?.state !== 'pending') continue;
    const told = work.effects.length;
    // A step has a bound on what its expressions may cost. A task that meets it begins with the next step, which has done nothing yet.
    const isFirst = room.starts === STARTS_PER_STEP_MAX && work.isContinued === true;
    const begun = beginTask(work, task, node, { mayWait: !isFirst && !graph.isLine });
    if (begun === 'later') {
      taken--;
      room.starts = 0;
      break;
    }
    work.run.begun++;
    if (begun === 'over') over.push(task);
    room.starts--;
    for (let index = told; index < work.effects.length; index++) room.chars -= charsOf(work.effects[index]);
  }
  work.run.ready = ready.slice(taken);
  return over;
}

function charsOf(effect: Work['effects'][number] | undefined): number {
  return effect?.kind === 'publish' ? effect.event.json.length : 0;
}

function boardOf(work: Work): Board {
  return {
    get: (key) => ownValue(work.run.nodes, key),
    set: (key, node) => setNode(work, key, node),
    cancel: (task) => cancelTask(work, task, 'another task was enough'),
  };
}

/** Whether a run has something to begin that no input of its own will bring about. */
export function owesContinue(run: OpenRun): boolean {
  return run.ready.length > 0 && !run.paused && run.parked === undefined;
}
