import type { Dialect } from '@slipway/contract';
import { subjectOf } from '@slipway/contract';

/** What the control plane tells the task services. */
export const OUT_STREAM = 'SLIPWAY_OUT';
/** Where JetStream's API is: `$JS.API`, or that of a domain. */
export function apiPrefix(domain: string | undefined): string {
  return domain === undefined ? '$JS.API' : `$JS.${domain}.API`;
}

/** Where a service says that it is there. Not durable; the control plane offers it what is open. */
export const HELLO_SUBJECT = 'slipway-hello';

/** The name that the replicas of a service share at the broker, one for each task and spelling. */
export function durableName(about: {
  service: string;
  task: string;
  dialect: Dialect;
  project: string | undefined;
}): string {
  const { service, task, dialect, project } = about;
  const parts = [service, task, dialect, ...(project === undefined ? [] : [project])];
  return parts.map((part) => part.replace(/[^A-Za-z0-9-]/g, '-')).join('_');
}

/** The subject of a task's events from the control plane: of one project or of all, which Keptn's subjects do not tell apart. */
export function taskSubject(about: {
  task: string;
  phase: 'triggered' | 'cancelled';
  dialect: Dialect;
  project: string | undefined;
}): string {
  const { task, phase, dialect, project = '*' } = about;
  return subjectOf({ dialect, project, plainType: `${task}.${phase}` });
}
