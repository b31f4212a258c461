import { afterEach, expect, vi } from 'vitest';
import { faultsOfOpened } from './watched.ts';

// Each wait has a limit of its own, of 30 s where none is named; together they may take longer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

// In no test does any page write an error or a warning, break its policy, throw, or ask somebody else than its own server.
afterEach(() => expect(faultsOfOpened()).toEqual([]));
