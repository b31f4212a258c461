import type { Plan, SequencePlan } from '@slipway/contract';

type Linked = { key: string; needs: readonly string[] };

export type Placed<T> = { task: T; level: number; row: number };

/** Columns by the longest way from the start, rows within a column in the order written. Linear in tasks and edges. */
export function placeTasks<T extends Linked>(
  tasks: readonly T[],
): { placed: Placed<T>[]; levels: number; rows: number } {
  const byKey = new Map(tasks.map((task) => [task.key, task]));
  const levels = new Map<string, number>();
  const levelOf = (start: T): void => {
    // Without recursion: a sequence may be a chain of thousands.
    const stack = [start];
    while (stack.length > 0) {
      const task = stack.at(-1);
      if (task === undefined || levels.has(task.key)) {
        stack.pop();
        continue;
      }
      const needs = task.needs.flatMap((key) => byKey.get(key) ?? []);
      const open = needs.filter((need) => !levels.has(need.key) && !stack.includes(need));
      if (open.length > 0) stack.push(...open);
      else levels.set(task.key, Math.max(-1, ...needs.map((need) => levels.get(need.key) ?? -1)) + 1);
    }
  };
  for (const task of tasks) levelOf(task);
  const filled: number[] = [];
  const placed = tasks.map((task) => {
    const level = levels.get(task.key) ?? 0;
    const row = filled[level] ?? 0;
    filled[level] = row + 1;
    return { task, level, row };
  });
  return { placed, levels: filled.length, rows: Math.max(1, ...filled) };
}

/** A sequence that would follow, and what it takes. */
export type Following = { sequence: SequencePlan; after: string; condition: string };

const FOLLOWING_MAX = 20;

/** What the plan lets follow on `stage.sequence`, over all stages; each sequence once. */
export function followingOf(plan: Plan, stage: string, sequence: string): Following[] {
  const found: Following[] = [];
  const seen = new Set([`${stage}.${sequence}`]);
  const ends = [`${stage}.${sequence}`];
  for (let end = ends.shift(); end !== undefined && found.length < FOLLOWING_MAX; end = ends.shift()) {
    for (const candidate of plan.stages.flatMap((one) => one.sequences)) {
      const name = `${candidate.stage}.${candidate.name}`;
      const rule = candidate.triggeredOn.find((one) => `${one.stage}.${one.sequence}` === end);
      if (rule === undefined || seen.has(name)) continue;
      seen.add(name);
      ends.push(name);
      found.push({ sequence: candidate, after: end, condition: conditionOf(rule) });
    }
  }
  return found;
}

/** What must be true of the sequence before, in words. */
export function conditionOf(rule: SequencePlan['triggeredOn'][number]): string {
  if (rule.when !== undefined) return `when ${rule.when}`;
  const match = Object.entries(rule.match ?? {}).map(([key, value]) =>
    key === 'result' ? `on ${value}` : `${key} is ${value}`,
  );
  return match.length === 0 ? 'on pass or warning' : match.join(' and ');
}
