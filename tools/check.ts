/**
 * `npm run check [-- FENCE...]`: every fence over the tree, or those that are named. `--root DIR` takes another tree.
 */
import { parseArgs } from 'node:util';
import { fencesOf, reportFences } from './fences.ts';
import { ROOT } from './root.ts';

const { values, positionals } = parseArgs({ options: { root: { type: 'string' } }, allowPositionals: true });
const root = values.root ?? ROOT;
const all = fencesOf(root);
const unknown = positionals.filter((name) => !all.some((fence) => fence.name === name));
if (unknown.length > 0) {
  console.error(`No such fence: ${unknown.join(', ')}. There are: ${all.map((fence) => fence.name).join(', ')}.`);
  process.exit(2);
}
const fences = positionals.length > 0 ? all.filter((fence) => positionals.includes(fence.name)) : all;
const results = await reportFences(fences, root);
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
