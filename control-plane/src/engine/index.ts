export { answerProblem } from './answer.ts';
export { indexPlan } from './env.ts';
export type { Group, GroupStep } from './group.ts';
export { emptyGroup, foldGroup, transitionGroup } from './group.ts';
export { recordOutcomes, replayOutcomes } from './recorded-evaluator.ts';
export { finalEffects, openDispatches } from './run/owed.ts';
export { owesContinue } from './run/proceed.ts';
export { scopeOfTask } from './scope.ts';
export { transition } from './transition.ts';
export type {
  Attempt,
  AttemptBase,
  Effect,
  Env,
  Evaluated,
  Evaluator,
  Executor,
  FinishedRun,
  GroupInput,
  Node,
  OpenRun,
  Outcome,
  OutEvent,
  Run,
  RunInput,
  Way,
} from './types.ts';
