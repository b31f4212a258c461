import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { StoreUnderTest } from './fixture.ts';
import { storeSuite } from './suite.ts';

storeSuite(
  'sqlite store',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'slipway-store-'));
    const opened: StoreUnderTest = {
      store: await openSqliteStore({ dir }),
      place: { adapter: 'sqlite', options: { dir } },
      reopen: async () => {
        await opened.store.close();
        opened.store = await openSqliteStore({ dir });
        return opened.store;
      },
      [Symbol.asyncDispose]: async () => {
        await opened.store.close();
        rmSync(dir, { recursive: true, force: true });
      },
    };
    return opened;
  },
  { otherProcess: true, crowd: 3_000 },
);
