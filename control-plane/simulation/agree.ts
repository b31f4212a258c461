/**
 * Compares the engine with its reference on drawn graphs:
 *
 *     node control-plane/simulation/agree.ts --graphs 100000 --seed 1     graphs 1 to 100000
 */
import { readOptions } from '../../tools/options.ts';
import { agree, type Reached } from './reference/agree.ts';

const values = readOptions('npm run agree --', 'Compares the engine with its reference on drawn graphs.', {
  graphs: { type: 'string', default: '10000', value: 'N', whole: 1, about: 'How many.' },
  seed: { type: 'string', default: '1', value: 'N', whole: 1, about: 'Seed of the first one.' },
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
