import { edgesOf, formatDuration, ownValue, type SequencePlan, type TaskPlan, type TaskView } from '@slipway/contract';
import type { Node, Run } from '../engine/index.ts';

/** What the names in an expression stood for when a task was decided. */
export type SawValues = (expression: string, task: string) => readonly { name: string; value: unknown }[];

type Source = NonNullable<TaskView['sources']>[number];
/** Sources by the task that they lead to; undefined: the sequence is a line. */
export type Sources = ReadonlyMap<string, readonly Source[]>;

const NAMED_MAX = 5;
const VALUE_CHARS_MAX = 60;

/** What each task waits for, and what became of it. */
export function sourcesOf(run: Run, sequence: SequencePlan | undefined): Sources | undefined {
  if (sequence?.edges === undefined) return undefined;
  const sources = new Map<string, Map<string, Source>>();
  for (const { from, to, on, required, branch, when } of edgesOf(sequence)) {
    const known = sources.get(to) ?? new Map<string, Source>();
    sources.set(to, known);
    const source: Source = known.get(from) ?? { task: from, on: [], state: stateOf(ownValue(run.nodes, to), from) };
    known.set(from, source);
    if (branch !== undefined) source.branch = when ?? 'default';
    else if (!source.on.includes(on)) source.on.push(on);
    if (required) source.required = true;
  }
  return new Map([...sources].map(([to, known]) => [to, [...known.values()]]));
}

function stateOf(node: Node | undefined, source: string): Source['state'] {
  if (node?.join?.taken.includes(source)) return 'taken';
  return node?.join?.dead.includes(source) ? 'dead' : 'open';
}

/** Why a task of a graph was skipped, or has not begun; undefined where its state says it. */
export function taskReason(
  run: Run,
  task: TaskPlan,
  { sources, saw, at }: { sources: readonly Source[]; saw?: SawValues | undefined; at: number },
): string | undefined {
  const node = ownValue(run.nodes, task.key);
  if (node?.state === 'skipped') return skipReason(task, node.reason, sources, saw);
  if (node?.state === 'delayed' && node.reason === 'wait') {
    const inMs = Math.max(0, node.dueAt - at);
    return `Waits for a time: ${formatDuration(inMs < 1000 ? inMs : Math.round(inMs / 1000) * 1000)} more`;
  }
  if (node?.state !== 'pending' || run.kind === 'finished') return undefined;
  if (node.join?.from !== undefined)
    return run.kind === 'open' && run.paused ? 'Waits until the run is resumed' : 'Is about to begin';
  if (task.finally && run.kind === 'open' && run.main === undefined) return 'Waits until all other tasks have ended';
  return sources.length === 0 ? undefined : joinReason(task, sources);
}

/** `Waits for 1 more of [a, b, c]; c is still open` */
function joinReason(task: TaskPlan, sources: readonly Source[]): string {
  const taken = sources.filter((source) => source.state === 'taken').length;
  const open = sources.filter((source) => source.state === 'open').map((source) => source.task);
  const needed = task.join === 'all' ? sources.length : task.join === 'any' ? 1 : task.join;
  const missing = Math.max(0, needed - taken);
  const all = sources.map((source) => source.task);
  const of = all.length === 1 ? `'${all[0]}'` : `${missing} more of [${listed(all)}]`;
  const required = sources.filter((source) => source.required && source.state !== 'taken').map((source) => source.task);
  const must = required.length === 0 ? '' : `, and needs ${listed(required)} in any case`;
  const cannot = missing > open.length ? '; it can no longer start' : '';
  const still = open.length === 0 ? '' : `; ${listed(open)} ${open.length === 1 ? 'is' : 'are'} still open`;
  return all.length === 1 ? `Waits for ${of}` : `Waits for ${of}${must}${still}${cannot}`;
}

function skipReason(
  task: TaskPlan,
  reason: Extract<Node, { state: 'skipped' }>['reason'],
  sources: readonly Source[],
  saw: SawValues | undefined,
): string | undefined {
  if (reason === 'when') {
    const values = saw?.(task.when ?? '', task.key) ?? [];
    const because = values.slice(0, NAMED_MAX).map(({ name, value }) => `${name} was ${shown(value)}`);
    return `Skipped: \`${task.when}\` was false${because.length === 0 ? '' : `, because ${because.join(' and ')}`}`;
  }
  if (reason === undefined) return undefined;
  const dead = sources.filter((source) => source.state === 'dead').map((source) => source.task);
  if (reason === 'after-failure')
    return `Skipped: ${listed(dead)} failed, was cancelled or was skipped after a failure`;
  return `Skipped: the ${dead.length === 1 ? 'edge' : 'edges'} from ${listed(dead)} ${dead.length === 1 ? 'was' : 'were'} not taken`;
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return more > 0 ? `${names.slice(0, NAMED_MAX).join(', ')} and ${more} more` : names.join(', ');
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? 'missing');
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX)}…`;
}
