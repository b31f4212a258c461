import { attemptId, ownValue } from '@slipway/contract';
import type { Env, Run } from '../engine/index.ts';

export type OpenAttempt = {
  /** Of its triggered event. */
  readonly id: string;
  readonly run: string;
  readonly task: string;
  readonly attempt: number;
  readonly project: string;
  readonly stage: string;
  readonly service: string | undefined;
};

/**
 * Attempts that are triggered and not over, started or not, by task type. Only of projects in the keptn dialect: remote services of
 * Keptn ask for them once a second each, and nothing else does.
 */
export class OpenAttempts {
  readonly #byTask = new Map<string, Map<string, OpenAttempt>>();
  readonly #ofRun = new Map<string, { uses: string; task: string; attempt: number; id: string }[]>();

  /** Takes note of a run as it is now. */
  note(run: Run, env: Env | undefined): void {
    if (run.dialect !== 'keptn') return;
    for (const { uses, id } of this.#ofRun.get(run.id) ?? []) this.#drop(uses, id);
    this.#ofRun.delete(run.id);
    if (run.kind !== 'open' || env === undefined) return;
    const mine: { uses: string; task: string; attempt: number; id: string }[] = [];
    for (const { key, uses } of env.sequence?.tasks ?? []) {
      const node = ownValue(run.nodes, key);
      if (node?.state !== 'open') continue;
      const { number } = node.attempt;
      const id = attemptId({ run: run.id, task: key, attempt: number });
      const { project, stage, service } = run;
      const attempts = this.#byTask.get(uses) ?? new Map<string, OpenAttempt>();
      attempts.set(id, { id, run: run.id, task: key, attempt: number, project, stage, service });
      this.#byTask.set(uses, attempts);
      mine.push({ uses, task: key, attempt: number, id });
    }
    if (mine.length > 0) this.#ofRun.set(run.id, mine);
  }

  /** Oldest first. */
  list(uses: string, filter: { project?: string; stage?: string; service?: string }): OpenAttempt[] {
    return [...(this.#byTask.get(uses)?.values() ?? [])].filter(
      (one) =>
        (filter.project === undefined || one.project === filter.project) &&
        (filter.stage === undefined || one.stage === filter.stage) &&
        (filter.service === undefined || one.service === filter.service),
    );
  }

  #drop(uses: string, id: string): void {
    const attempts = this.#byTask.get(uses);
    attempts?.delete(id);
    if (attempts?.size === 0) this.#byTask.delete(uses);
  }
}
