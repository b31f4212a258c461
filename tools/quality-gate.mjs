// `npm run example:quality-gate`: everything that a fresh clone needs, then the example.
import { runInstalled } from './bootstrap.mjs';

runInstalled('shipyard-examples/quality-gate/src/main.ts', process.argv.slice(2));
