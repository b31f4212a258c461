import { afterAll, beforeAll, vi } from 'vitest';
import { startMongo, type TestServer } from '../../../tools/test-servers.ts';
import { openMongoStore } from '../../src/store/mongo/index.ts';
import type { StoreUnderTest } from './fixture.ts';
import { storeSuite } from './suite.ts';

// The test server takes milliseconds for each document, and more when others are at work.
vi.setConfig({ testTimeout: 240_000 });

let server: TestServer;
beforeAll(async () => {
  server = await startMongo();
});
afterAll(async () => {
  await server.stop();
});

let databases = 0;

storeSuite(
  'mongo store',
  async () => {
    databases += 1;
    // The test server is slow and shares its cores with other tests; a limit for production says nothing here.
    const options = { url: server.url, database: `suite${databases}`, timeoutMs: 20_000, readTimeoutMs: 20_000 };
    const opened: StoreUnderTest = {
      store: await openMongoStore(options),
      place: { adapter: 'mongo', options },
      another: () => openMongoStore(options),
      killServer: async () => {
        await server.kill();
        server = await startMongo({ port: server.port, storeDir: server.storeDir });
      },
      reopen: async () => {
        await opened.store.close();
        opened.store = await openMongoStore(options);
        return opened.store;
      },
      [Symbol.asyncDispose]: () => opened.store.close(),
    };
    return opened;
  },
  { otherProcess: true, server: true },
);
