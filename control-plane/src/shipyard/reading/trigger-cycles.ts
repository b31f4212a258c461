import { type Field, placeOf, type Reading } from './fields.ts';

/** One sequence follows another; `event` is where it says so. */
export type Followed = { from: string; to: string; event: Field };

/** Cycles are rare; a text full of them is told of the first few. */
const SEARCHES_MAX = 100;

/**
 * A sequence that triggers itself, directly or through others, may be meant (it ends when a result breaks the chain), so it is
 * a warning. What has no end is stopped at run time by the trigger depth.
 */
export function warnOfCycles(reading: Reading, rules: readonly Followed[]): void {
  const inCycles = withoutEnds(withoutEnds(rules, 'from', 'to'), 'to', 'from');
  const next = new Map<string, string[]>();
  for (const { from, to } of inCycles) push(next, from, to);
  const told = new Set<string>();
  for (const rule of inCycles.slice(0, SEARCHES_MAX)) {
    const way = wayBetween(next, rule.to, rule.from);
    if (way === undefined || way.some((name) => told.has(name))) continue;
    for (const name of way) told.add(name);
    reading.problems.add({
      severity: 'warning',
      code: 'trigger-cycle',
      message: `${[rule.from, ...way].join(' triggers ')}: a chain without end is stopped after 32 runs`,
      pointer: rule.event.pointer,
      at: placeOf(rule.event),
    });
  }
}

/** Takes away, again and again, the rules that nothing leads to; the other way round, those that lead nowhere. */
function withoutEnds(rules: readonly Followed[], tail: 'from' | 'to', head: 'from' | 'to'): Followed[] {
  const incoming = new Map<string, number>();
  const outgoing = new Map<string, Followed[]>();
  for (const rule of rules) {
    incoming.set(rule[head], (incoming.get(rule[head]) ?? 0) + 1);
    push(outgoing, rule[tail], rule);
  }
  const ends = [...outgoing.keys()].filter((name) => !incoming.has(name));
  const gone = new Set<Followed>();
  for (let name = ends.pop(); name !== undefined; name = ends.pop()) {
    for (const rule of outgoing.get(name) ?? []) {
      gone.add(rule);
      const left = (incoming.get(rule[head]) ?? 0) - 1;
      incoming.set(rule[head], left);
      if (left === 0) ends.push(rule[head]);
    }
  }
  return rules.filter((rule) => !gone.has(rule));
}

/** A shortest way from one sequence to another, both named. */
function wayBetween(next: ReadonlyMap<string, string[]>, from: string, to: string): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  for (const name of cameFrom.keys()) {
    if (name === to) {
      const way: string[] = [];
      for (let at: string | undefined = name; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
      return way;
    }
    for (const follower of next.get(name) ?? []) if (!cameFrom.has(follower)) cameFrom.set(follower, name);
  }
  return undefined;
}

function push<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
