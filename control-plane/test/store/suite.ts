import { afterEach, describe, expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { documentClaims } from './suite-documents.ts';
import { journalClaims } from './suite-journal.ts';
import { keepingClaims } from './suite-keeping.ts';
import { listClaims } from './suite-lists.ts';
import { retentionClaims } from './suite-retention.ts';
import { timerClaims } from './suite-timers.ts';

/** A store on data of its own, and what can be done to it from outside. */
export interface StoreUnderTest extends AsyncDisposable {
  store: Store;
  /** Closes the store and opens it again on what it kept. */
  reopen(): Promise<Store>;
  /** A further store on the same data, as another replica has it; not where one process owns the data. */
  another?(): Promise<Store>;
  /** kill -9 of the server that keeps the data, and its return. */
  killServer?(): Promise<void>;
  /** What writer.ts, a process of its own, needs to open the same data; not where the data live in this process. */
  place?: { adapter: 'sqlite' | 'mongo'; options: unknown };
}

export interface Abilities {
  /** Another process can open the same data: there is a `place`. */
  otherProcess?: boolean;
  /** The data are kept by a server: there is a `killServer`. */
  server?: boolean;
}

/** What tests need: the store of this test, opened when first asked for. */
export interface Fixture {
  opened(): Promise<StoreUnderTest>;
  store(): Promise<Store>;
}

/** What every store must do, whatever is underneath. */
export function storeSuite(name: string, open: () => Promise<StoreUnderTest>, abilities: Abilities = {}): void {
  describe(name, () => {
    let current: Promise<StoreUnderTest> | undefined;
    const fixture: Fixture = {
      opened: () => {
        current ??= open();
        return current;
      },
      store: async () => (await fixture.opened()).store,
    };
    afterEach(async () => {
      const opened = await current;
      current = undefined;
      await opened?.[Symbol.asyncDispose]();
    });

    describe('journal', () => journalClaims(fixture));
    describe('timers', () => timerClaims(fixture));
    describe('lists', () => listClaims(fixture));
    describe('documents', () => documentClaims(fixture));
    describe('retention', () => retentionClaims(fixture));
    describe('keeping', () => keepingClaims(fixture, abilities));

    test('the probe says how long a durable write took', async () => {
      const store = await fixture.store();
      const ms = await store.probe();
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThan(5_000);
    });
  });
}
