import { afterEach, expect } from 'vitest';
import { faultsOfOpened } from './watched.ts';

// In no test does any page write an error or a warning, break its policy, throw, or ask somebody else than its own server.
afterEach(() => expect(faultsOfOpened()).toEqual([]));
