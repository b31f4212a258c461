import type { Tree } from './tree.ts';

const DEPTH_MAX = 50;

/** A JSON value as a tree. Text counts as quoted: in JSON `"yes"` is a text that somebody meant. */
export function treeFromValue(value: unknown, depth = 0): Tree {
  if (depth > DEPTH_MAX) throw new RangeError(`nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) {
    return { kind: 'list', at: -1, items: value.map((item) => treeFromValue(item, depth + 1)) };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return {
      kind: 'map',
      at: -1,
      entries: entries.map(([key, item]) => ({ key, keyAt: -1, value: treeFromValue(item, depth + 1) })),
    };
  }
  if (typeof value === 'string') return { kind: 'scalar', at: -1, text: value, tag: '!!str', quoted: true };
  if (typeof value === 'number') {
    const tag = Number.isInteger(value) ? '!!int' : '!!float';
    return { kind: 'scalar', at: -1, text: String(value), tag, number: value, quoted: false };
  }
  if (typeof value === 'boolean') {
    return { kind: 'scalar', at: -1, text: String(value), tag: '!!bool', quoted: false };
  }
  return { kind: 'scalar', at: -1, text: 'null', tag: '!!null', quoted: false };
}
