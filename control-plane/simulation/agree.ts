/**
 * Compares the engine with its reference on drawn graphs:
 *
 *     node control-plane/simulation/agree.ts --graphs 100000 --seed 1     graphs 1 to 100000
 */
import { parseArgs } from 'node:util';
import { agree, type Reached } from './reference/agree.ts';

const { values } = parseArgs({
  options: { graphs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const first = Number(values.seed);
const count = Number(values.graphs);
const reached: Reached = new Map();
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  const found = agree(seed, reached);
  if (found !== undefined) {
    failed++;
    console.log(JSON.stringify(found, undefined, 2));
  }
  if ((seed - first + 1) % 10_000 === 0) console.log(`${seed - first + 1} graphs, ${failed} differ`);
}
console.log(Object.fromEntries([...reached].toSorted()));
console.log(`${count - failed} agree, ${failed} differ`);
process.exitCode = failed === 0 ? 0 : 1;
