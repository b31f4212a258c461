/** `npm run check`: every fence over the tree. `--root DIR` takes another tree. */
import { parseArgs } from 'node:util';
import { reportFences } from './fences.ts';
import { ROOT } from './root.ts';

const { values } = parseArgs({ options: { root: { type: 'string' } } });
const results = await reportFences(values.root ?? ROOT);
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
