import type { EdgePlan, TaskPlan } from '@slipway/contract';
import { type KnownTasks, scopeNames, taskVariable, type Where } from '../expression/where.ts';
import { type Field, type Fields, isTooMany, type Reading, readItems } from './fields.ts';
import { checkGraph, checkLine } from './graph/check-graph.ts';
import { GraphFacts } from './graph/graph-facts.ts';
import { linkTasks } from './graph/link-tasks.ts';
import type { Linked, TaskDraft } from './graph/task-draft.ts';
import { draftTask, readTask, type TakenNames } from './read-task.ts';
import { readExpression } from './templates.ts';

const TASKS_MAX = 2_000;
/** Keys whose meaning the edges of a plan carry; a sequence without any of them means what it always has. */
const GRAPH_KEYS = ['when', 'onSkip', 'ignoreFailure', 'publish', 'output', 'outputSchema'] as const;

export type ReadTasks = { tasks: TaskPlan[]; edges: EdgePlan[] | undefined; published: string[] };

/** The tasks of a sequence, those of `finally` last; undefined: there are none, or what is there cannot be read. */
export function readTasks(reading: Reading, fields: Fields, vars: string[]): ReadTasks | undefined {
  const list = fields.get('tasks');
  const items = list && readItems(reading, list);
  if (list !== undefined && items === undefined) return undefined;
  if (items === undefined && fields.misspelled.has('tasks')) return undefined;
  if (items === undefined || items.length === 0) {
    reading.problems.add({
      severity: reading.keptn ? 'warning' : 'error',
      code: 'no-tasks',
      message: 'a sequence has at least one task: this one cannot be triggered',
      pointer: `${fields.pointer}/tasks`,
      at: list?.keyAt ?? fields.at,
    });
    return undefined;
  }
  const last = fields.get('finally');
  const lastItems = (last && readItems(reading, last)) ?? [];
  if (isTooMany(reading, list, items, TASKS_MAX)) return undefined;
  if (isTooMany(reading, last, lastItems, TASKS_MAX - items.length)) return undefined;

  const taken: TakenNames = new Map();
  const main = draftsOf(reading, items, taken, false);
  const after = draftsOf(reading, lastItems, taken, true);
  const isNew =
    after.length > 0 ||
    fields.get('result') !== undefined ||
    main.some((draft) => draft.written.isGraph || draft.builtIn || GRAPH_KEYS.some((key) => draft.fields.get(key)));
  for (const drafts of [main, after]) if (!drafts.some((draft) => draft.written.isGraph)) checkLine(reading, drafts);
  const linked = linkTasks(reading, main, after);
  const linkedAfter = linkTasks(reading, after, main);
  const written = namesOf([...items, ...lastItems]);
  // In a line a task that was skipped counts as passed unless it says otherwise; what it says otherwise is refused.
  if (linked?.isGraph === false && isNew) for (const draft of main) draft.onSkip ??= 'continue';
  const hasResult = fields.get('result') !== undefined;
  const first = planTasks(reading, linked ?? unlinked(main), { written, vars, hasResult, main: [] });
  const rest = planTasks(reading, linkedAfter ?? unlinked(after), { written, vars, hasResult: true, main });
  const edges = isNew ? [...first.edges, ...rest.edges] : undefined;
  if (edges === undefined) lineUp(first.tasks);
  return { tasks: [...first.tasks, ...rest.tasks], edges, published: publishedBy([...main, ...after]) };
}

function draftsOf(reading: Reading, items: readonly Field[], taken: TakenNames, isFinally: boolean): TaskDraft[] {
  const drafts: TaskDraft[] = [];
  for (const item of items) {
    const draft = draftTask(reading, item, { taken, index: drafts.length, isFinally });
    if (draft !== undefined) drafts.push(draft);
  }
  return drafts;
}

/** Its edges cannot be read: the rest of each task is, so that all problems are said at once. */
function unlinked(tasks: readonly TaskDraft[]): Linked {
  return { tasks, edges: [], isGraph: true, isBroken: true };
}

/** Each task needs the one before it, as in every plan since the first. */
function lineUp(tasks: readonly TaskPlan[]): void {
  tasks.forEach((task, index) => {
    const previous = tasks[index - 1];
    if (previous !== undefined) task.needs = [{ task: previous.key, on: 'success' }];
  });
}

type Around = { written: ReadonlySet<string>; vars: string[]; hasResult: boolean; main: readonly TaskDraft[] };

function planTasks(reading: Reading, linked: Linked, around: Around): { tasks: TaskPlan[]; edges: EdgePlan[] } {
  const facts = new GraphFacts(linked);
  if (linked.isGraph && !linked.isBroken) checkGraph(reading, linked, facts, around.hasResult);
  const publishers = linked.tasks.filter((draft) => draft.fields.get('publish') !== undefined);
  warnOfRaces(reading, publishers, facts);
  const indexOf = new Map(linked.tasks.map((draft) => [taskVariable(draft.key), draft]));
  const fromMain = publishedBy(around.main);
  const mainNames = new Set(around.main.map((draft) => taskVariable(draft.key)));
  const tasks = linked.tasks.map((draft) => {
    reading.expressions.task = 0;
    const published = publishedBy(publishers.filter((one) => facts.isBefore(one, draft)));
    const where: Where = {
      names: scopeNames.beforeTask,
      vars: [...around.vars, ...fromMain, ...published],
      isAfterMain: draft.isFinally,
      // Where edges are missing, nothing can be said of what is before what.
      ...(linked.isBroken
        ? {}
        : { tasks: knownTo(draft, linked, { facts, indexOf, mainNames, written: around.written }) }),
    };
    readConditions(reading, draft, linked, where);
    const join = linked.isGraph ? facts.joinOf(draft) : 'all';
    return readTask(reading, draft, where, join);
  });
  return { tasks, edges: linked.edges.map((edge) => edge.plan) };
}

function knownTo(
  draft: TaskDraft,
  { isGraph }: Linked,
  names: {
    facts: GraphFacts;
    indexOf: ReadonlyMap<string, TaskDraft>;
    mainNames: ReadonlySet<string>;
    written: ReadonlySet<string>;
  },
): KnownTasks {
  const { facts, indexOf, mainNames, written } = names;
  const known = (name: string, holds: (other: TaskDraft) => boolean): boolean => {
    const other = indexOf.get(name);
    return other !== undefined && holds(other);
  };
  return {
    all: written,
    before: { has: (name) => mainNames.has(name) || known(name, (other) => facts.isBefore(other, draft)) },
    maybe: { has: (name) => mainNames.has(name) || known(name, (other) => !facts.isCertain(other, draft)) },
    ...(isGraph
      ? { after: { has: (name) => known(name, (other) => other === draft || facts.isBefore(draft, other)) } }
      : {}),
  };
}

/** The conditions of a decision, which may look at the task's own answer; they belong to its edges. */
function readConditions(reading: Reading, draft: TaskDraft, linked: Linked, where: Where): void {
  const after: Where = { ...where, names: scopeNames.afterTask, wants: 'bool' };
  draft.written.branches.forEach(({ when }, index) => {
    const condition = when && readExpression(reading, when, after);
    if (condition === undefined) return;
    for (const edge of linked.edges) if (edge.from === draft && edge.plan.branch === index) edge.plan.when = condition;
  });
}

function publishedBy(drafts: readonly TaskDraft[]): string[] {
  return drafts.flatMap(({ fields }) => {
    const publish = fields.get('publish');
    return publish?.node.kind === 'map' ? publish.node.entries.map(({ key }) => key) : [];
  });
}

/** Of two tasks that run beside each other and publish one name, the order of the plan says which counts. */
function warnOfRaces(reading: Reading, publishers: readonly TaskDraft[], facts: GraphFacts): void {
  const byName = new Map<string, TaskDraft[]>();
  for (const draft of publishers) {
    const publish = draft.fields.get('publish');
    if (publish?.node.kind !== 'map') continue;
    for (const { key, keyAt } of publish.node.entries) {
      const others = byName.get(key) ?? [];
      const beside = others.find((other) => !facts.isBefore(other, draft) && !facts.isBefore(draft, other));
      if (beside !== undefined) {
        const message = `"${beside.key}" publishes "${key}" too and may run beside "${draft.key}": the later one in the plan counts`;
        reading.problems.add({
          severity: 'warning',
          code: 'published-twice',
          message,
          pointer: publish.pointer,
          at: keyAt,
        });
      }
      byName.set(key, [...others, draft]);
    }
  }
}

/** The names as written, so that an expression that names a later task can be told from a typing error. */
function namesOf(items: Field[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { node } of items) {
    if (node.kind !== 'map') continue;
    const name = node.entries.find((entry) => entry.key === 'name')?.value;
    if (name?.kind === 'scalar') names.add(taskVariable(name.written));
  }
  return names;
}
