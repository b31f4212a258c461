import type { RunView, TaskView } from '@slipway/contract';
import { differenceOf } from '../../ui/difference.ts';

/** The same task in both runs; a side is undefined where that run has no task of this key. */
export type Pair = {
  key: string;
  before: TaskView | undefined;
  after: TaskView | undefined;
  beforeMs: number | undefined;
  afterMs: number | undefined;
  /** What is not the same, in words. */
  differs: string[];
};

/** The tasks of both runs in the order of the second; what only the first has comes where it stood. */
export function pairsOf(before: RunView, after: RunView): Pair[] {
  const old = new Map(before.tasks.map((task) => [task.key, task]));
  const now = new Map(after.tasks.map((task) => [task.key, task]));
  const keys = after.tasks.map(({ key }) => key);
  before.tasks.forEach(({ key }, at) => {
    if (now.has(key)) return;
    const previous = before.tasks[at - 1]?.key;
    keys.splice(previous === undefined ? 0 : keys.indexOf(previous) + 1, 0, key);
  });
  return keys.map((key) => pairOf(key, old.get(key), now.get(key)));
}

function pairOf(key: string, before: TaskView | undefined, after: TaskView | undefined): Pair {
  return { key, before, after, beforeMs: tookMs(before), afterMs: tookMs(after), differs: differsOf(before, after) };
}

function differsOf(before: TaskView | undefined, after: TaskView | undefined): string[] {
  if (before === undefined) return ['only in B'];
  if (after === undefined) return ['only in A'];
  const parts: [string, boolean][] = [
    ['state', before.state !== after.state],
    ['result', before.result !== after.result || before.status !== after.status],
    ['attempts', before.attempts.length !== after.attempts.length],
    ['input', isOther(inputOf(before), inputOf(after))],
    ['output', isOther(outputOf(before), outputOf(after))],
  ];
  return parts.flatMap(([word, differs]) => (differs ? [word] : []));
}

export function inputOf(task: TaskView | undefined): unknown {
  return task?.attempts.at(-1)?.input;
}

export function outputOf(task: TaskView | undefined): unknown {
  return task?.output ?? task?.attempts.at(-1)?.output;
}

function isOther(before: unknown, after: unknown): boolean {
  return differenceOf(before, after).kind !== 'same';
}

/** From the first trigger to the last answer, with the retries between. */
function tookMs(task: TaskView | undefined): number | undefined {
  const first = task?.attempts[0];
  const end = task?.attempts.at(-1)?.endedAt;
  return first === undefined || end === undefined ? undefined : end - first.triggeredAt;
}

function isOtherEnd(before: TaskView | undefined, after: TaskView | undefined): boolean {
  return before?.state !== after?.state || before?.result !== after?.result || before?.status !== after?.status;
}

/** The first task that ended otherwise: where one looks first. */
export function partingOf(pairs: readonly Pair[]): Pair | undefined {
  return pairs.find(({ before, after }) => isOtherEnd(before, after));
}
