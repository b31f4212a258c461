/** What an expression may name at the place where it stands. */
export type Where = {
  names: ReadonlySet<string>;
  /** Names of the sequence's variables; undefined: they are not known here. */
  vars?: readonly string[] | undefined;
  tasks?: KnownTasks | undefined;
  /** In `finally`, where the result of the other tasks is known: `run.result` and `run.status`. */
  isAfterMain?: boolean;
  /** The type that the answer must have. */
  wants?: 'bool';
};

/** The sequence's tasks as expressions name them. */
export type KnownTasks = {
  /** Those that an expression here may look at. */
  before: { has(name: string): boolean };
  all: ReadonlySet<string>;
  /** Those of them that need not have run. */
  maybe?: { has(name: string): boolean };
  /** In a graph: those that run later. What is neither before nor after may run beside. */
  after?: { has(name: string): boolean };
};

const AT_TRIGGER = ['input', 'data', 'vars', 'run', 'stage', 'sequence', 'service', 'labels', 'project'];
const WITH_TASKS = [...AT_TRIGGER, 'tasks'];

/** The names in scope, by place. */
export const scopeNames = {
  /** Before the run has begun. */
  atTrigger: new Set(AT_TRIGGER),
  /** For a task's input. */
  beforeTask: new Set(WITH_TASKS),
  /** For `retry.when`: what the attempt said. */
  afterAttempt: new Set([...WITH_TASKS, 'error', 'result', 'status', 'attempts']),
  /** For what is made of a task's answer: `publish`, `output` and the conditions of its decision. */
  afterTask: new Set([...WITH_TASKS, 'output', 'result', 'status', 'message']),
  /** For the output and the result of the sequence. */
  atEnd: new Set([...WITH_TASKS, 'result', 'status']),
  /** For `triggeredOn.when`: everything there is of the sequence that ended. */
  afterRun: new Set([...WITH_TASKS, 'result', 'status', 'output']),
};

/** Every name of the language, also those that mean something only where they are in scope. */
export const allScopeNames: ReadonlySet<string> = new Set([
  ...scopeNames.afterAttempt,
  ...scopeNames.afterTask,
  'item',
  'index',
]);

/** What `tasks.<name>.` may be followed by. */
export const taskFields = ['output', 'result', 'status', 'message', 'error', 'attempts'] as const;

/** What `run.` may be followed by. */
export const runFields = ['id', 'correlationid', 'acceptedAt', 'depth'] as const;

/** And, in `finally`, also by these. */
export const runEndFields = ['result', 'status'] as const;

/** A task's key as a name in expressions: dashes, and the `~2` of a repeated name, become underscores. */
export function taskVariable(key: string): string {
  return key.replaceAll(/[^A-Za-z0-9_]/g, '_');
}
