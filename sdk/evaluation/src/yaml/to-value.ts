import { truthOf } from './scalar.ts';
import type { Tree } from './tree.ts';

/** A tree as plain data, as JSON would carry it. */
export function plainOf(tree: Tree): unknown {
  if (tree.kind === 'list') return tree.items.map(plainOf);
  // A key such as __proto__ becomes an entry like any other.
  if (tree.kind === 'map') return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plainOf(value)]));
  if (tree.tag === '!!null') return null;
  if (tree.tag === '!!bool') return truthOf(tree);
  return tree.number ?? tree.text;
}
