// `npm run crash-loop [-- options]`: everything that a fresh clone needs, then the crash loop.
import { runInstalled } from './bootstrap.mjs';

runInstalled('tools/crash-loop.ts', process.argv.slice(2));
