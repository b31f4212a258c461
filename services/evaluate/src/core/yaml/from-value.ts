import type { Tree } from './tree.ts';

const DEPTH_MAX = 50;

/** A JSON value as a tree. Text counts as quoted: in JSON `"yes"` is a text that somebody meant. */
export function treeFromValue(value: unknown, depth = 0): Tree {
  if (depth > DEPTH_MAX) throw new RangeError(`nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) {
    return { kind: 'list', at: -1, items: value.map((item) => treeFromValue(item, depth + 1)) };
  }
  switch (typeof value) {
    case 'object': {
      if (value === null) break;
      const entries = Object.entries(value).filter(([, item]) => item !== undefined);
      return {
        kind: 'map',
        at: -1,
        entries: entries.map(([key, item]) => ({ key, keyAt: -1, value: treeFromValue(item, depth + 1) })),
      };
    }
    case 'string':
      return { kind: 'scalar', at: -1, text: value, tag: '!!str', quoted: true };
    case 'number':
      return {
        kind: 'scalar',
        at: -1,
        text: String(value),
        tag: Number.isInteger(value) ? '!!int' : '!!float',
        number: value,
        quoted: false,
      };
    case 'boolean':
      return { kind: 'scalar', at: -1, text: String(value), tag: '!!bool', quoted: false };
  }
  return { kind: 'scalar', at: -1, text: 'null', tag: '!!null', quoted: false };
}
