import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask, serve, silentLogger } from '../src/index.ts';
import { eventually, FakeControlPlane } from './fake-control-plane.ts';

/** What can go wrong with one POST of answers. */
const fault = fc.constantFrom('none', 'none', 'none', 'broken before', 'broken after', '503', '429', 'garbage');

const world = fc.record({
  /** How often each attempt is delivered. */
  deliveries: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 }),
  handlerMs: fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 5 }),
  concurrency: fc.integer({ min: 1, max: 12 }),
  /** So few that the pauses between the tries fit into the time that an ending service takes to deliver its answers. */
  faults: fc.array(fault, { maxLength: 5 }),
  /** When the service is told to end, in ms; it is told at the end otherwise. */
  closeAfterMs: fc.option(fc.integer({ min: 0, max: 60 })),
});

test('whatever breaks and repeats: an attempt runs once, and each that ran is answered, all with one event', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ deliveries, handlerMs, concurrency, faults, closeAfterMs }) => {
      await using server = await new FakeControlPlane().start();
      const ahead = [...faults];
      server.fault = (request, response) => {
        const next = request.url === '/v1/events' ? ahead.shift() : 'none';
        if (next === undefined || next === 'none') return false;
        if (next === 'broken before') request.socket.destroy();
        else if (next === '503') response.writeHead(503, { 'retry-after': '0' }).end();
        else if (next === '429') response.writeHead(429).end('{');
        else if (next === 'garbage') response.writeHead(502).end('<html>');
        else {
          // The server takes the answers, and the way back breaks.
          response.writeHead = () => {
            request.socket.destroy();
            return response;
          };
          return false;
        }
        return true;
      };
      const ran = new Map<string, number>();
      const work = defineTask({
        name: 'work',
        input: z.object({ ms: z.number() }),
        output: z.object({}),
        run: async ({ ms }, { attemptId }) => {
          ran.set(attemptId, (ran.get(attemptId) ?? 0) + 1);
          if (ms > 0) await sleep(ms);
          return {};
        },
      });
      const service = serve({
        tasks: [work],
        server: server.url,
        concurrency,
        log: silentLogger,
        signals: false,
        drainMs: 5_000,
      });
      const attempts = deliveries.map((times, n) => ({
        times,
        event: server.trigger('work', { ms: handlerMs[n % handlerMs.length] ?? 0 }),
      }));
      for (let round = 0; round < 3; round++) {
        server.offer(...attempts.filter(({ times }) => times > round).map(({ event }) => event));
        await sleep(5);
      }
      if (closeAfterMs !== null) await sleep(closeAfterMs);
      else await eventually('all ran', () => ran.size === attempts.length);
      await service.close();

      expect([...ran.values()].every((times) => times === 1)).toBe(true);
      const answersOf = Map.groupBy(server.finished(), (event) => event.causationid);
      expect(answersOf.size).toBe(ran.size);
      for (const answers of answersOf.values()) expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      expect(service.stats()).toMatchObject({ running: 0, answers: { waiting: 0, refused: 0 } });
    }),
    // A machine that is too slow for all of them plays fewer; and shrinking a failure ends in time to see its counterexample.
    { numRuns: 40, interruptAfterTimeLimit: 50_000 },
  );
}, 120_000);
