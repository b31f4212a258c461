import { afterAll, beforeAll } from 'vitest';
import { startPostgres, type TestServer } from '../../../tools/test-servers.ts';
import { openPostgresStore } from '../../src/store/postgres/index.ts';
import type { StoreUnderTest } from './fixture.ts';
import { newDatabase } from './postgres-database.ts';
import { storeSuite } from './suite.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server.stop();
});

storeSuite(
  'postgres store',
  async () => {
    // The machine may be busy with other tests; a limit for production says nothing here.
    const options = { url: await newDatabase(server.url), timeoutMs: 20_000, readTimeoutMs: 20_000 };
    const opened: StoreUnderTest = {
      store: await openPostgresStore(options),
      place: { adapter: 'postgres', options },
      another: () => openPostgresStore(options),
      killServer: async () => {
        await server.kill();
        server = await startPostgres({ port: server.port, storeDir: server.storeDir });
      },
      reopen: async () => {
        await opened.store.close();
        opened.store = await openPostgresStore(options);
        return opened.store;
      },
      [Symbol.asyncDispose]: () => opened.store.close(),
    };
    return opened;
  },
  { otherProcess: true, server: true },
);
