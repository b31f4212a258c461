// `npm run bench`, `npm run bench:web` and so on: everything that a fresh clone needs, then the measurement.
import { runInstalled } from './bootstrap.mjs';

runInstalled('tools/bench.ts', process.argv.slice(2));
