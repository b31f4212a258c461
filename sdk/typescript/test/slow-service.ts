/** A service for tests of signals, as an author would write it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, fromEnvironment, serve } from '../src/index.ts';

const slow = defineTask({
  name: 'slow',
  input: z.object({ ms: z.number() }),
  output: z.object({ slept: z.number() }),
  run: async ({ ms }, { signal }) => {
    await sleep(ms, undefined, { signal });
    return { slept: ms };
  },
});

serve({ ...fromEnvironment(), tasks: [slow] });
