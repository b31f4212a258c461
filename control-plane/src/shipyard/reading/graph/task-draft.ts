import type { EdgePlan } from '@slipway/contract';
import type { Field, Fields } from '../fields.ts';
import type { EdgesDraft } from './read-edges.ts';

/** A task whose name and edges are read: the rest of it may name other tasks, and waits until all of them are known. */
export type TaskDraft = {
  fields: Fields;
  /** Where a problem with the task as a whole is shown. */
  at: Field;
  /** Place in the list that it stands in. */
  index: number;
  name: string;
  key: string;
  isFinally: boolean;
  written: EdgesDraft;
  join: 'all' | 'any' | number | undefined;
  rest: 'keep' | 'cancel' | undefined;
  onSkip: 'cascade' | 'continue' | undefined;
  hasWhen: boolean;
  ignoresFailure: boolean;
  /** It may end by a timeout. */
  hasTimeout: boolean;
  /** An `end` ends the run; set for tasks that the control plane does itself. */
  builtIn: 'noop' | 'wait' | 'end' | undefined;
};

/** An edge whose two ends exist, with its place in the text. */
export type LinkedEdge = { plan: EdgePlan; from: TaskDraft; to: TaskDraft; field: Field };

/** What is known of one list of tasks, `tasks` or `finally`, once its edges are linked. */
export type Linked = {
  tasks: readonly TaskDraft[];
  edges: readonly LinkedEdge[];
  isGraph: boolean;
  /** An edge is missing because it cannot be read: nothing follows from the others. */
  isBroken?: true;
};
