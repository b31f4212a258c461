import { isRecord } from '@slipway/evaluation';
import type { Client, TaskContext } from '@slipway/sdk';

/** What of the control plane an evaluation needs. */
export type EvaluationClient = Pick<
  Client,
  | 'getSlo'
  | 'getMergedSli'
  | 'getProject'
  | 'listServiceEvaluations'
  | 'listEvaluations'
  | 'getEvaluation'
  | 'trigger'
  | 'getRun'
  | 'listRunEvents'
  | 'commandRun'
>;

/** The place that is judged, where each part may be missing in a run that names none. */
export interface Place {
  readonly project: string;
  readonly stage: string;
  readonly service: string;
}

export const placeOf = (ctx: TaskContext): Place => ({
  project: ctx.project,
  stage: ctx.stage ?? '',
  service: ctx.service ?? '',
});

export function deploymentsOf(ctx: TaskContext): string[] {
  const names = isRecord(ctx.data.deployment) ? ctx.data.deployment.deploymentNames : undefined;
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : [];
}
