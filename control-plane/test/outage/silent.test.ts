import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startMongo, startNats } from '../../../tools/test-servers.ts';
import { SilentProxy } from './silent-proxy.ts';
import { PATIENCE_MS, PlaneProcess, SILENT_MAX_MS, triggerUntilTaken, until } from './world.ts';

/** A peer that falls silent without closing anything: packets vanish, and nobody gets an error. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const PEERS = {
  nats: async () => {
    const nats = await startNats();
    ends.push(() => nats.stop());
    return { port: nats.port, args: (port: number) => ['--nats', `nats://127.0.0.1:${port}`] };
  },
  mongo: async () => {
    const mongo = await startMongo();
    ends.push(() => mongo.stop());
    return {
      port: mongo.port,
      args: (port: number) => ['--mongo', `mongodb://127.0.0.1:${port}/silent?directConnection=true`],
    };
  },
};

async function world(peer: keyof typeof PEERS): Promise<{ plane: PlaneProcess; proxy: SilentProxy }> {
  const { port, args } = await PEERS[peer]();
  const proxy = await SilentProxy.start(port);
  ends.push(() => proxy[Symbol.asyncDispose]());
  const plane = new PlaneProcess(...args(proxy.port));
  ends.push(() => plane[Symbol.asyncDispose]());
  await plane.start();
  await plane.putShipyard();
  return { plane, proxy };
}

/** The id of an attempt of a task that this claims, or undefined. */
async function claim(plane: PlaneProcess, task: string): Promise<string | undefined> {
  const answer = await fetch(`${plane.url}/v1/tasks/${task}/claim?wait=2s`, {
    method: 'POST',
    body: '{"source":"/worker"}',
    headers: { 'content-type': 'application/json' },
  });
  if (answer.status !== 200) return undefined;
  const [event] = (await answer.json()) as { id: string }[];
  return event?.id;
}

/** The status of the answer, or 'none' when none came in time. */
async function statusOf(answer: (signal: AbortSignal) => Promise<Response>): Promise<number | 'none'> {
  const signal = AbortSignal.timeout(SILENT_MAX_MS);
  return answer(signal).then(
    ({ status }) => status,
    () => 'none' as const,
  );
}

function finish(plane: PlaneProcess, attempt: string, task: string, signal?: AbortSignal): Promise<Response> {
  const event = {
    ...{ specversion: '1.0', id: `finished-${attempt}`, source: '/worker', type: `${task}.finished` },
    ...{ causationid: attempt, data: { result: 'pass' } },
  };
  return fetch(`${plane.url}/v1/events`, {
    method: 'POST',
    body: JSON.stringify(event),
    headers: { 'content-type': 'application/cloudevents+json' },
    ...(signal === undefined ? {} : { signal }),
  });
}

test.each([
  ['nats', 'losing'],
  ['nats', 'holding'],
  ['mongo', 'losing'],
  ['mongo', 'holding'],
] as const)(
  '%s falls silent (%s): triggers, answers, commands and readiness say 503 at once, and all goes on afterwards',
  async (peer, mode) => {
    const { plane, proxy } = await world(peer);
    await triggerUntilTaken(plane, 'before');
    const attempt = await claim(plane, 'a');
    expect(attempt).toBeDefined();
    const accepted = (await (await plane.trigger('to abort')).json()) as { items: { run: string }[] };

    proxy.become(mode);
    // All at once: none of these profits from another one having noticed.
    const abort = (signal: AbortSignal): Promise<Response> =>
      fetch(`${plane.url}/v1/runs/${accepted.items[0]?.run}/abort`, { method: 'POST', signal });
    const statuses = await Promise.all([
      statusOf((signal) => plane.trigger('in silence', signal)),
      statusOf((signal) => finish(plane, attempt ?? '', 'a', signal)),
      statusOf(abort),
      statusOf(async (signal) => {
        let ready: Response;
        do {
          await sleep(100);
          ready = await fetch(`${plane.url}/readyz`, { signal });
        } while (ready.ok);
        return ready;
      }),
    ]);
    expect(statuses).toEqual([503, 503, 503, 503]);
    expect(await statusOf((signal) => plane.trigger('later', signal))).toBe(503);

    proxy.become('passing');
    await until(PATIENCE_MS, 'readiness', async () => (await fetch(`${plane.url}/readyz`)).ok);
    await triggerUntilTaken(plane, 'in silence');
    await until(PATIENCE_MS, 'the answer to be taken', async () => (await finish(plane, attempt ?? '', 'a')).ok);
    // Both runs of the first stage and what they trigger, with every task answered as it comes.
    await until(PATIENCE_MS, 'all runs to end', async () => {
      for (const task of ['a', 'b', 'c']) {
        const next = await claim(plane, task);
        if (next !== undefined) await finish(plane, next, task);
      }
      return (await plane.finished()) >= 4;
    });
  },
  300_000,
);
