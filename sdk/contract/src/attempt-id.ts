/**
 * Ids of events the control plane emits are made from the run they belong to, so that a repeated publish has the same id
 * and an answer finds its run without an index: `<run>.<task>.<attempt>` is the id of a `<task>.triggered` event and what
 * the answer names as its `causationid`.
 */
export type AttemptRef = { run: string; task: string; attempt: number };

export function attemptId(ref: AttemptRef): string {
  return `${ref.run}.${ref.task}.${ref.attempt}`;
}

/** Undefined when `id` is not the id of an attempt. */
export function parseAttemptId(id: string): AttemptRef | undefined {
  const lastDot = id.lastIndexOf('.');
  const firstDot = id.indexOf('.');
  if (firstDot <= 0 || lastDot <= firstDot + 1) return undefined;
  const number = id.slice(lastDot + 1);
  if (!/^[1-9][0-9]{0,5}$/.test(number)) return undefined;
  return { run: id.slice(0, firstDot), task: id.slice(firstDot + 1, lastDot), attempt: Number(number) };
}
