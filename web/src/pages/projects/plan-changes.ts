import type { Plan, SequencePlan } from '@slipway/contract';
import { differenceOf } from '../../ui/difference.ts';

export type PlanChange = { sequence: string; kind: 'added' | 'removed' | 'changed'; what: string[] };

/** What another plan means, sequence by sequence: the order of lines and comments mean nothing. */
export function planChangesOf(before: Plan, after: Plan): PlanChange[] {
  const old = sequencesOf(before);
  const now = sequencesOf(after);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((sequence): PlanChange[] => {
    const was = old.get(sequence);
    const is = now.get(sequence);
    if (was === undefined) return [{ sequence, kind: 'added', what: [] }];
    if (is === undefined) return [{ sequence, kind: 'removed', what: [] }];
    const what = changesOf(was, is);
    return what.length === 0 ? [] : [{ sequence, kind: 'changed', what }];
  });
}

function sequencesOf(plan: Plan): Map<string, SequencePlan> {
  return new Map(
    plan.stages.flatMap((stage) => stage.sequences.map((sequence) => [`${stage.name}.${sequence.name}`, sequence])),
  );
}

function changesOf(was: SequencePlan, is: SequencePlan): string[] {
  const { tasks: oldTasks, ...oldRest } = was;
  const { tasks: newTasks, ...newRest } = is;
  const old = new Map(oldTasks.map((task) => [task.key, task]));
  const now = new Map(newTasks.map((task) => [task.key, task]));
  const rest = differenceOf(oldRest, newRest).parts.flatMap(({ kind, name }) => (kind === 'same' ? [] : [name]));
  const added = newTasks.filter(({ key }) => !old.has(key)).map(({ key }) => `new task '${key}'`);
  const removed = oldTasks.filter(({ key }) => !now.has(key)).map(({ key }) => `removed task '${key}'`);
  const changed = newTasks.flatMap((task) => {
    const other = old.get(task.key);
    if (other === undefined) return [];
    const names = differenceOf(other, task).parts.flatMap(({ kind, name }) => (kind === 'same' ? [] : [name]));
    return names.length === 0 ? [] : [`'${task.key}': ${names.join(', ')}`];
  });
  return [...rest, ...added, ...removed, ...changed];
}
