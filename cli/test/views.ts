import type { AttemptView, RunView, TaskView } from '@slipway/contract';

export const T0 = 1_763_712_000_000;

/** Views as the API would show them, with whatever the claim is about. */
export function runView(over: Partial<RunView>): RunView {
  return {
    ...{ id: 'r1', project: 'photos', stage: 'dev', sequence: 'authenticity', service: 'harbour' },
    ...{ state: 'running', phase: 'working', correlationid: 'c1', shipyardVersion: 'v1', dialect: 'plain', depth: 0 },
    ...{ tasksTotal: 2, tasksDone: 0, openTasks: [], acceptedAt: T0, updatedAt: T0 },
    ...{ trigger: { id: 'e1', source: '/me', data: {} }, triggers: [], commands: [], history: [], ignored: [] },
    tasks: [],
    ...over,
  };
}

export function taskView(name: string, over: Partial<TaskView>): TaskView {
  return { key: name, name, uses: name, needs: [], state: 'pending', attemptsMax: 1, attempts: [], ...over };
}

export function attemptView(over: Partial<AttemptView>): AttemptView {
  return { id: 'r1.build.1', number: 1, state: 'open', triggeredAt: T0, executors: [], ...over };
}
