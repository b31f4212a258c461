/**
 * What is different between two payloads, as a tree. same: nothing below it differs. inside: both are objects or both are
 * lists, and `parts` says where. changed: one value for another. added, removed: only one side has it.
 */
export type Difference = {
  name: string;
  kind: 'same' | 'inside' | 'changed' | 'added' | 'removed';
  before: unknown;
  after: unknown;
  parts: Difference[];
  /** Places at or below this one that are not the same. */
  count: number;
};

export function differenceOf(before: unknown, after: unknown, name = ''): Difference {
  if (before === undefined && after === undefined) return leaf(name, 'same', before, after);
  if (before === undefined) return leaf(name, 'added', before, after);
  if (after === undefined) return leaf(name, 'removed', before, after);
  if (Array.isArray(before) && Array.isArray(after)) return inside(name, before, after, listParts(before, after));
  if (isObject(before) && isObject(after)) return inside(name, before, after, memberParts(before, after));
  return leaf(name, Object.is(before, after) ? 'same' : 'changed', before, after);
}

function leaf(name: string, kind: Difference['kind'], before: unknown, after: unknown): Difference {
  return { name, kind, before, after, parts: [], count: kind === 'same' ? 0 : 1 };
}

function inside(name: string, before: unknown, after: unknown, parts: Difference[]): Difference {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  return count === 0 ? leaf(name, 'same', before, after) : { name, kind: 'inside', before, after, parts, count };
}

function memberParts(before: Record<string, unknown>, after: Record<string, unknown>): Difference[] {
  const old = new Map(Object.entries(before));
  const now = new Map(Object.entries(after));
  return [...new Set([...old.keys(), ...now.keys()])].map((key) => differenceOf(old.get(key), now.get(key), key));
}

/**
 * What both lists begin and end with is left out first, so that one item that was put in is one difference and not one for
 * each item behind it; what is between is compared by its place.
 */
function listParts(before: readonly unknown[], after: readonly unknown[]): Difference[] {
  const short = Math.min(before.length, after.length);
  let head = 0;
  while (head < short && isSame(before[head], after[head])) head += 1;
  let tail = 0;
  while (tail < short - head && isSame(before.at(-1 - tail), after.at(-1 - tail))) tail += 1;
  const middle = Math.max(before.length, after.length) - head - tail;
  const at = (list: readonly unknown[], place: number): unknown =>
    place < list.length - tail ? list[place] : undefined;
  return [
    ...before.slice(0, head).map((item, place) => leaf(String(place), 'same', item, item)),
    ...Array.from({ length: middle }, (_, place) =>
      differenceOf(at(before, head + place), at(after, head + place), String(head + place)),
    ),
    ...after
      .slice(after.length - tail)
      .map((item, place) => leaf(String(after.length - tail + place), 'same', item, item)),
  ];
}

function isSame(before: unknown, after: unknown): boolean {
  return differenceOf(before, after).kind === 'same';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
