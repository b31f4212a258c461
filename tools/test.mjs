// `npm test [-- args of vitest]`: everything that a fresh clone needs, then all tests.
import { runInstalled } from './bootstrap.mjs';

runInstalled('tools/test-all.ts', process.argv.slice(2));
