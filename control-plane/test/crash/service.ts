import { appendFileSync } from 'node:fs';
import { defineTask, serve, silentLogger } from '@slipway/sdk';
import { z } from 'zod';

/** A task service in a process of its own, which writes down every attempt that it really runs. */
const log = process.env.RUN_LOG ?? '';
const tasks = ['a', 'b', 'c'].map((name) =>
  defineTask({
    name,
    input: z.unknown(),
    output: z.object({ done: z.string() }),
    run: async (_input, context) => {
      appendFileSync(log, `${context.event.id}\n`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return { done: context.event.id };
    },
  }),
);
const service = serve({ tasks, server: process.env.SLIPWAY_SERVER ?? '', concurrency: 40, log: silentLogger });
await service.closed;
