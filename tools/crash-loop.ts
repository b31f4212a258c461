/** `node tools/crash-loop.ts [options]`: makes sure that there is a broker, then starts the crash loop. */
import { runNode } from './run-vitest.ts';

const args = process.argv.slice(2);
const setUp = args.includes('--help') ? 0 : await runNode('tools/setup-test-servers.ts', 'nats-server');
process.exitCode = setUp === 0 ? await runNode('control-plane/test/crash/main.ts', ...args) : setUp;
