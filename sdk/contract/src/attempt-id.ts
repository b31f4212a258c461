/**
 * Ids of events the control plane emits are made from the run they belong to, so that a repeated publish has the same id
 * and an answer finds its run without an index: `<run>.<task>.<attempt>` is the id of a `<task>.triggered` event and what
 * the answer names as its `causationid`.
 */
export type AttemptRef = { run: string; task: string; attempt: number };

export function attemptId(ref: AttemptRef): string {
  return `${ref.run}.${ref.task}.${ref.attempt}`;
}

/** `group:...` and the like are no runs; the key of a task that is there twice ends in `~2`. */
const ATTEMPT_ID = /^([A-Za-z0-9_-]{1,128})\.([A-Za-z0-9_%+=@~-]{1,140})\.([1-9][0-9]{0,5})$/;

/** Undefined when `id` is not the id of an attempt. */
export function parseAttemptId(id: string): AttemptRef | undefined {
  const [, run, task, attempt] = ATTEMPT_ID.exec(id) ?? [];
  return run === undefined || task === undefined ? undefined : { run, task, attempt: Number(attempt) };
}
