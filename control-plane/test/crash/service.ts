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
const nats = process.env.CRASH_NATS;
const pushPort = process.env.CRASH_PUSH_PORT;
const server = process.env.SLIPWAY_SERVER ?? '';
const way = nats
  ? ({ connect: 'nats', nats: { servers: nats } } as const)
  : pushPort
    ? ({ connect: 'push', server, push: { port: Number(pushPort) } } as const)
    : ({ connect: 'claim', server, leaseMs: 5000 } as const);
const service = serve({ ...way, tasks, name: 'crash', concurrency: 40, log: silentLogger });
await service.closed;
