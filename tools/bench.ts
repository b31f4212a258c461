/** `node tools/bench.ts NAME [options]`: makes sure that the programs of a measurement are there, then starts it. */
import { runNode } from './run-vitest.ts';

const PROGRAMS: Record<string, string[]> = {
  main: ['nats-server'],
  web: ['chromium'],
  growth: [],
  evaluations: [],
  refusal: [],
};

const [name = 'main', ...args] = process.argv.slice(2);
const programs = PROGRAMS[name];
if (programs === undefined) {
  console.error(`there is no measurement ${name}, only ${Object.keys(PROGRAMS).join(', ')}`);
  process.exit(2);
}
const needsSetUp = programs.length > 0 && !args.includes('--help');
const setUp = needsSetUp ? await runNode('tools/setup-test-servers.ts', ...programs) : 0;
process.exitCode = setUp === 0 ? await runNode(`bench/src/${name}.ts`, ...args) : setUp;
