import { readFileSync } from 'node:fs';
import { createClient, fromEnvironment, serve, stderrLogger } from '@slipway/sdk';
import { readData } from './offline/read.ts';
import { readSources, type Sources } from './providers/sources.ts';
import { evaluateTasks } from './shell/tasks.ts';

/** Most of an evaluation is waiting: one provider that hangs must not hold up those who have another. */
const CONCURRENCY = 128;

/**
 * The evaluate service. Besides the SDK's environment it reads SLIPWAY_EVALUATE_SOURCES (path of a file with sources),
 * SLIPWAY_PROMETHEUS (address of a Prometheus, when that is all), SLIPWAY_EVALUATE_ALLOW (host:port, comma-separated, that queries
 * by address may ask although they are not public) and SLIPWAY_EVALUATE_SLI_PROVIDER (who is asked by event for projects that name no other).
 */
try {
  run();
} catch (error) {
  // What an operator wrote is refused in one line of the log, like everything else that is said there.
  stderrLogger.error({ service: 'evaluate' }, error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function run(): void {
  const settings = fromEnvironment();
  const sources = configuredSources();
  const client = createClient({
    server: settings.server ?? 'http://127.0.0.1:8484',
    token: settings.token,
    source: '/evaluate',
  });
  const tasks = evaluateTasks({ sources, client, nowMs: Date.now });
  const service = serve({ name: 'evaluate', version: '0.1.0', concurrency: CONCURRENCY, ...settings, tasks });
  service.closed
    .finally(() => client.close())
    .catch(() => {
      // The SDK has said why; the process ends with what it left in exitCode.
      process.exitCode = 1;
    });
}

function configuredSources(): Sources {
  const path = process.env.SLIPWAY_EVALUATE_SOURCES;
  return readSources(path ? readData(textOf(path), path) : undefined, process.env);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`SLIPWAY_EVALUATE_SOURCES names a file that cannot be read: ${why}`, { cause: error });
  }
}
