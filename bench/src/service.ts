import { defineTask, serve, silentLogger } from '@slipway/sdk';
import { z } from 'zod';

/** The task service that is measured with: a process of its own on the public SDK, whose tasks do nothing. */
const input = z.unknown();
const output = z.object({ n: z.number() });
const tasks = ['a', 'b', 'c'].map((name) => defineTask({ name, input, output, run: () => ({ n: 1 }) }));
const nats = process.env.SLIPWAY_NATS;
const service = serve({
  tasks,
  name: 'bench',
  concurrency: 256,
  log: silentLogger,
  ...(nats
    ? { connect: 'nats', nats: { servers: nats } }
    : { connect: 'claim', server: process.env.SLIPWAY_SERVER ?? '' }),
});
await service.ready;
process.stdout.write('ready\n');
await service.closed;
