export { answerProblem, readAnswer } from './answer.ts';
export { indexPlan } from './env.ts';
export type { Group, GroupStep } from './group.ts';
export { emptyGroup, transitionGroup } from './group.ts';
export { isoTime } from './iso-time.ts';
export { finalEffects, openDispatches, transition } from './transition.ts';
export type {
  Attempt,
  AttemptBase,
  Effect,
  Env,
  Evaluator,
  Executor,
  FinishedRun,
  GroupInput,
  Node,
  OpenAttempt,
  OpenRun,
  Outcome,
  OutEvent,
  Run,
  RunBase,
  RunInput,
  Step,
  TriggerInput,
  WaitingRun,
  Way,
} from './types.ts';
