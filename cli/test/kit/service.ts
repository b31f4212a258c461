import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, fromEnvironment, outcome, RetryAfter, serve, TerminalError } from '@slipway/sdk';
import { z } from 'zod';

/** The task of kit.json, which the services of sdk/python and sdk/go have as well. */
const kit = defineTask({
  name: 'kit',
  input: z.object({
    do: z.string().default('echo'),
    text: z.string().default(''),
    ms: z.number().default(0),
  }),
  output: z.object({ text: z.string() }),
  run: async (input, { progress, signal }) => {
    switch (input.do) {
      case 'sleep':
        await sleep(input.ms, undefined, { signal });
        break;
      case 'progress':
        for (let step = 1; step <= 3; step++) {
          progress(step / 4, `step ${step}`);
          await sleep(100, undefined, { signal });
        }
        break;
      case 'fail':
        throw new Error('it broke');
      case 'terminal':
        throw new TerminalError('it is gone', { code: 'GONE' });
      case 'retry-after':
        throw new RetryAfter(5_000, 'it is busy');
      case 'warning':
        return outcome({ result: 'warning', message: 'look at it', output: { text: '' } });
      case 'found-fail':
        return outcome<{ text: string }>({ result: 'fail', message: 'not good' });
      case 'large':
        return { text: 'y'.repeat(3 * 1024 * 1024) };
    }
    return { text: input.text.slice(0, 1_000) };
  },
});

serve({ tasks: [kit], name: 'kit-typescript', ...fromEnvironment() });
