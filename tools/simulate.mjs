// `npm run simulate [-- options]`: everything that a fresh clone needs, then histories of the simulated world.
import { runInstalled } from './bootstrap.mjs';

runInstalled('control-plane/simulation/main.ts', process.argv.slice(2));
