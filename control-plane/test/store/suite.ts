import { afterEach, describe, expect, test } from 'vitest';
import type { Abilities, Fixture, StoreUnderTest } from './fixture.ts';
import { documentClaims } from './suite-documents.ts';
import { evaluationClaims } from './suite-evaluations.ts';
import { hostileClaims } from './suite-hostile.ts';
import { journalClaims } from './suite-journal.ts';
import { keepingClaims } from './suite-keeping.ts';
import { listClaims } from './suite-lists.ts';
import { overviewClaims } from './suite-overview.ts';
import { retentionClaims } from './suite-retention.ts';
import { timerClaims } from './suite-timers.ts';

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
    describe('overview', () => overviewClaims(fixture, abilities));
    describe('hostile texts', () => hostileClaims(fixture));
    describe('evaluations', () => evaluationClaims(fixture));
    describe('documents', () => documentClaims(fixture));
    describe('retention', () => retentionClaims(fixture));
    describe('keeping', () => keepingClaims(fixture, abilities));

    test('the probe says how long a durable write took', async () => {
      const store = await fixture.store();
      const ms = await store.probe();
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThan(60_000);
    });
  });
}
