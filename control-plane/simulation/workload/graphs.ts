import type { Plan, SequencePlan } from '@slipway/contract';
import { parseShipyard } from '../../src/shipyard/index.ts';
import { deepFreeze } from '../world/database.ts';
import { Random } from '../world/random.ts';
import type { DrawnShipyard } from './shipyards.ts';

/** A shipyard of one sequence `dev.graph`, drawn from a number, with every construct of the graph language. */
export type DrawnGraph = { text: string; plan: Plan; sequence: SequencePlan };

const ON = { success: 12, failure: 3, timeout: 2, complete: 3, skipped: 1.5, always: 1.5 } as const;
const TASK_TYPES = ['build', 'test', 'deploy', 'check'];
/** Most drawings are shipyards; one that the reader refuses, such as a join over exclusive branches, is drawn anew. */
const DRAWINGS_MAX = 60;

export function graphOfSeed(seed: number, options: { tasksMax?: number } = {}): DrawnGraph {
  for (let drawing = 0; drawing < DRAWINGS_MAX; drawing++) {
    const random = new Random(seed * 1_000 + drawing);
    const sequence = drawSequence(random, options.tasksMax ?? 12);
    // JSON is YAML.
    const text = JSON.stringify({ spec: { stages: [{ name: 'dev', sequences: [sequence] }] } });
    const { plan } = parseShipyard(text);
    const planned = plan?.stages[0]?.sequences[0];
    if (plan !== undefined && planned?.edges !== undefined) return { text, plan, sequence: planned };
  }
  throw new Error(`no drawing of ${seed} is a shipyard`);
}

/** The same for the simulated world, whose triggers start `dev.delivery`. */
export function graphShipyardOf(number: number): DrawnShipyard {
  const known = kept.get(number);
  if (known !== undefined) return known;
  const text = graphOfSeed(number).text.replace('"name":"graph"', '"name":"delivery"');
  const { plan, problems } = parseShipyard(text);
  if (plan === undefined) throw new Error(`graph ${number} cannot be read: ${JSON.stringify(problems)}`);
  const drawn = { text, plan: deepFreeze(plan), keptn: false };
  kept.set(number, drawn);
  return drawn;
}

const kept = new Map<number, DrawnShipyard>();

type Draft = Record<string, unknown> & { name: string };

function drawSequence(random: Random, tasksMax: number): object {
  const isLine = random.chance(0.15);
  const tasks = drawTasks(random, { count: random.between(1, tasksMax), isLine, prefix: 't', isFinally: false });
  const sequence: Record<string, unknown> = { name: 'graph', vars: { v0: 'zero' }, tasks };
  if (random.chance(0.25)) {
    const count = random.between(1, 4);
    sequence.finally = drawTasks(random, { count, isLine: random.chance(0.5), prefix: 'f', isFinally: true }, tasks);
    sequence.finallyTimeout = '5m';
  }
  if (random.chance(0.15))
    sequence.result = random.pick(["${{ result == 'fail' ? 'warning' : result }}", '${{ result }}']);
  if (random.chance(0.15)) sequence.output = { seen: '${{ default(tasks.t0.output.n, -1) }}', is: '${{ result }}' };
  if (random.chance(0.1)) sequence.timeout = '1h';
  return sequence;
}

type Kind = { count: number; isLine: boolean; prefix: string; isFinally: boolean };

function drawTasks(random: Random, { count, isLine, prefix, isFinally }: Kind, main: readonly Draft[] = []): Draft[] {
  const drafts = Array.from({ length: count }, (_, index) =>
    drawTask(random, `${prefix}${index}`, { isLine, isFinally }),
  );
  const before = new Map<Draft, Set<Draft>>(drafts.map((draft) => [draft, new Set(main)]));
  if (isLine)
    for (const [index, draft] of drafts.entries()) before.set(draft, new Set([...main, ...drafts.slice(0, index)]));
  // The order written is not the order of the edges.
  const order = isLine ? [] : shuffled(random, drafts);
  for (const [place, target] of order.entries()) {
    const near = shuffled(random, order.slice(Math.max(0, place - 6), place)).filter((one) => one.uses !== 'end');
    const sources = near.slice(0, random.pick([0, 1, 1, 2, 2, 3, 4]));
    for (const source of sources) {
      drawEdge(random, source, target);
      for (const one of [source, ...(before.get(source) ?? [])]) before.get(target)?.add(one);
    }
    if (sources.length >= 2 && random.chance(0.5)) {
      target.join = random.pick(['any', 'any', 'all', random.between(1, sources.length)]);
      if (random.chance(0.35)) target.rest = 'cancel';
    }
  }
  const [first] = order;
  if (first !== undefined && drafts.every((draft) => !draft.needs && !draft.next && !draft.decision)) first.needs = [];
  for (const draft of drafts) drawExpressions(random, draft, [...(before.get(draft) ?? [])], isFinally);
  return drafts;
}

function drawTask(random: Random, name: string, { isLine, isFinally }: { isLine: boolean; isFinally: boolean }): Draft {
  const task: Draft = { name };
  const kind = random.weighted({ service: 14, noop: 2, wait: 1, end: isFinally ? 0 : 0.5 });
  if (kind === 'service') {
    task.uses = random.pick(TASK_TYPES);
    if (random.chance(0.35)) task.timeout = '10s';
    if (random.chance(0.15)) task.ignoreFailure = true;
    if (random.chance(0.1)) task.output = random.pick([{ n: '${{ default(output.n, 7) }}' }, { n: '${{ output.n }}' }]);
    if (random.chance(0.1)) task.outputSchema = { type: 'object' };
  } else {
    task.uses = kind;
    if (kind === 'wait') task.with = { for: '30s' };
    if (kind === 'end') task.with = random.pick([{}, { result: 'fail', message: 'over' }, { result: 'warning' }]);
  }
  if (random.chance(0.25) && !isLine) task.onSkip = random.pick(['continue', 'continue', 'cascade']);
  if (random.chance(0.2))
    task.publish = random.pick([{ v1: name }, { v1: '${{ default(output.n, 0) }}' }, { v1: '${{ output.n }}' }]);
  return task;
}

/** What a task looks at: the tasks before it, whether they ran or not, and the variables that they set. */
function drawExpressions(random: Random, task: Draft, before: readonly Draft[], isFinally: boolean): void {
  const other = before.length === 0 ? undefined : `tasks.${random.pick(before).name}`;
  const hasV1 = before.some((one) => one.publish !== undefined);
  if (TASK_TYPES.includes(String(task.uses))) {
    task.with = {
      w: '${{ vars.v0 }}',
      ...(hasV1 ? { v: "${{ default(vars.v1, 'none') }}" } : {}),
      ...(other === undefined ? {} : { t: `\${{ default(${other}.output.n, -1) }}` }),
    };
  }
  if (!random.chance(0.2)) return;
  const conditions = ['default(data.n, 0) < 3', 'data.flag', 'data.nothing'];
  if (hasV1) conditions.push("default(vars.v1, 'x') == 'x'");
  if (isFinally) conditions.push("run.result == 'pass'");
  if (other !== undefined) {
    conditions.push(`default(${other}.output.n, 2) > 1`, `default(${other}.result, 'none') != 'warning'`);
    conditions.push(`default(${other}.status, '') != 'skipped'`, `has(${other})`);
  }
  task.when = `\${{ ${random.pick(conditions)} }}`;
}

function drawEdge(random: Random, source: Draft, target: Draft): void {
  if (random.chance(0.15)) {
    const branches = (source.decision ?? []) as { when?: string; next?: string[]; default?: string[] }[];
    const last = branches.at(-1);
    if (last?.default !== undefined) last.default.push(target.name);
    else if (random.chance(0.3) && last?.next !== undefined) last.next.push(target.name);
    else if (random.chance(0.3)) branches.push({ default: [target.name] });
    else {
      const when = random.pick([
        'default(output.n, 0) > 1',
        "result == 'pass'",
        'data.flag',
        'output.n == 1',
        "status == 'succeeded'",
      ]);
      branches.push({ when: `\${{ ${when} }}`, next: [target.name] });
    }
    source.decision = branches;
    return;
  }
  for (let edge = random.chance(0.15) ? 2 : 1; edge > 0; edge--) {
    let on = random.weighted(ON);
    if (on === 'timeout' && source.timeout === undefined) on = 'failure';
    if ((on === 'failure' || on === 'timeout') && source.ignoreFailure) on = 'complete';
    if (random.chance(0.6)) {
      const required = random.chance(0.15) ? { required: true } : {};
      const need = on === 'success' && random.chance(0.5) ? source.name : { task: source.name, on, ...required };
      target.needs = [...((target.needs ?? []) as unknown[]), need];
    } else {
      const next = (source.next ?? {}) as Record<string, string[]>;
      source.next = { ...next, [on]: [...(next[on] ?? []), target.name] };
    }
  }
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const left = [...list];
  return list.map(() => left.splice(random.below(left.length), 1)[0] as T);
}
