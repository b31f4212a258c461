import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from '@slipway/sdk';
import { z } from 'zod';
import type { Shops } from './deploy.ts';

/** Scrapes come once a second: the first and the last request must have been seen before anybody asks for rates. */
const SEEN_AFTER_MS = 2_500;
const REQUEST_TIMEOUT_MS = 10_000;

/** Customers come at a fixed rate, however long the shop takes to serve them. */
export const loadTask = (shops: Shops) =>
  defineTask({
    name: 'test',
    input: z.object({ requestsPerSecond: z.number().positive(), seconds: z.number().positive() }),
    output: z.object({ start: z.string(), end: z.string(), sent: z.number(), failed: z.number() }),
    async run({ requestsPerSecond, seconds }, { stage = '', progress, signal }) {
      const address = shops.address(stage);
      // A counter that was never scraped at 0 has no rate.
      await fetch(address);
      await sleep(SEEN_AFTER_MS, undefined, { signal });
      const start = new Date().toISOString();
      const total = Math.round(requestsPerSecond * seconds);
      const answers: Promise<boolean>[] = [];
      while (answers.length < total) {
        answers.push(buy(address, signal));
        progress(answers.length / total, `${answers.length} of ${total} requests`);
        await sleep(1000 / requestsPerSecond, undefined, { signal });
      }
      const ok = await Promise.all(answers);
      await sleep(SEEN_AFTER_MS, undefined, { signal });
      const end = new Date().toISOString();
      return { start, end, sent: ok.length, failed: ok.filter((one) => !one).length };
    },
  });

async function buy(address: string, signal: AbortSignal): Promise<boolean> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
  try {
    const response = await fetch(address, { signal: patience });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
