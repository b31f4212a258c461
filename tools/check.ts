/** `npm run check`: every fence over the tree, one line each, and the whole output of those that do not hold. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type FenceResult, runFences } from './fences.ts';
import { ROOT } from './root.ts';

const { values } = parseArgs({ options: { root: { type: 'string' } } });
const started = performance.now();
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(5)} s`;

const results = await runFences({
  root: values.root ?? ROOT,
  atOnce: Math.min(2, availableParallelism()),
  onResult: (result: FenceResult) => {
    const mark = result.ok ? 'ok    ' : 'FAILED';
    console.log(`${mark} ${result.fence.name.padEnd(10)} ${seconds(result.tookMs)}  ${result.fence.holds}`);
  },
});

const broken = results.filter((result) => !result.ok);
for (const { fence, output } of broken) console.log(`\n--- ${fence.name}\n${output.trim()}`);
const took = seconds(performance.now() - started).trim();
if (broken.length === 0) {
  console.log(`${results.length} fences hold, ${took}.`);
} else {
  console.log(
    `\n${broken.length} of ${results.length} fences are broken: ${broken.map((b) => b.fence.name).join(', ')}, ${took}.`,
  );
  process.exitCode = 1;
}
