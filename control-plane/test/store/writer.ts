/**
 * A process that writes until it is killed: `node writer.ts <adapter> <options as JSON>`. Prints the number of each round
 * when the store has acknowledged it. A round is one entry for each of ten runs.
 */
import { once } from 'node:events';
import type { Store } from '../../src/store/store.ts';
import { firstOf, itemOf, NOON } from './builders.ts';

export const WRITER_RUNS = Array.from({ length: 10 }, (_, index) => `run${index}`);

async function open(adapter: string, options: unknown): Promise<Store> {
  if (adapter === 'sqlite') {
    const { openSqliteStore } = await import('../../src/store/sqlite/index.ts');
    return openSqliteStore(options as Parameters<typeof openSqliteStore>[0]);
  }
  if (adapter === 'postgres') {
    const { openPostgresStore } = await import('../../src/store/postgres/index.ts');
    return openPostgresStore(options as Parameters<typeof openPostgresStore>[0]);
  }
  const { openMongoStore } = await import('../../src/store/mongo/index.ts');
  return openMongoStore(options as Parameters<typeof openMongoStore>[0]);
}

if (import.meta.main) {
  const [adapter = '', options = '{}'] = process.argv.slice(2);
  const store = await open(adapter, JSON.parse(options));
  for (let round = 1; ; round += 1) {
    const timersPut = (stream: string) => [{ stream, name: `timer${round}`, dueAt: NOON + round }];
    const items = WRITER_RUNS.map((run) =>
      round === 1 ? firstOf(run, {}, { timersPut: timersPut(run) }) : itemOf(run, round, { timersPut: timersPut(run) }),
    );
    const results = await store.commit(items);
    if (results.some((result) => result.outcome !== 'committed')) throw new Error(`round ${round} met a conflict`);
    if (!process.stdout.write(`${round}\n`)) await once(process.stdout, 'drain');
  }
}
