// `npm start [-- args]`: everything that a fresh clone needs, then `slipway dev args`.
import { runInstalled } from './bootstrap.mjs';

runInstalled('cli/bin/slipway.js', ['dev', ...process.argv.slice(2)]);
