// `npm run test:chart [-- --quick] [-- --update]`: everything that a fresh clone needs, then the tests of the Helm chart.
import { runInstalled } from './bootstrap.mjs';

runInstalled('helm/tools/test-chart.ts', process.argv.slice(2));
