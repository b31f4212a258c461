import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { startNats } from '../../../tools/test-servers.ts';
import {
  type Client,
  createClient,
  defineTask,
  RetryAfter,
  type ServeOptions,
  type Service,
  serve,
  silentLogger,
  TaskErrored,
} from '../src/index.ts';
import { ControlPlane } from './control-plane.ts';
import { eventually } from './fake-control-plane.ts';

/** The same claims against the real control plane, by each way to connect. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse())
    await Promise.resolve()
      .then(end)
      .catch(() => {});
});

async function world(connect: NonNullable<ServeOptions['connect']>, shipyard: string) {
  const nats = connect === 'nats' ? await startNats() : undefined;
  if (nats !== undefined) ends.push(() => nats.stop());
  const plane = await ControlPlane.start(nats === undefined ? {} : { nats: nats.url });
  ends.push(() => plane[Symbol.asyncDispose]());
  const client = createClient({ server: plane.url });
  ends.push(() => client.close());
  await client.putShipyard({ project: 'p', body: shipyard });
  const start = async (options: Omit<ServeOptions, 'connect'>): Promise<Service> => {
    const service = serve({
      ...{ log: silentLogger, signals: false, drainMs: 1_000, connect, server: plane.url },
      ...(nats === undefined ? {} : { nats: nats.url }),
      ...options,
    });
    ends.push(() => service.close());
    await service.ready;
    return service;
  };
  return { plane, client, start };
}

function shipyard(tasks: string): string {
  return `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: p}
spec:
  stages:
    - name: dev
      sequences:
        - name: go
          tasks: ${tasks}
`;
}

const numbers = z.object({ n: z.number() });
const plus = (name: string) =>
  defineTask({ name, input: z.object({ n: z.number().default(1) }), output: numbers, run: ({ n }) => ({ n: n + 1 }) });

const trigger = (client: Client, more: { data?: Record<string, unknown>; waitS?: number } = { waitS: 60 }) =>
  client.trigger({ project: 'p', stage: 'dev', sequence: 'go', ...more });

test.each(['claim', 'nats', 'push'] as const)(
  '%s: a sequence runs through its tasks, and each sees what came before',
  async (connect) => {
    const { client, start } = await world(
      connect,
      shipyard(
        '[{name: one}, {name: two, with: {n: "${{ tasks.one.output.n * 10 }}"}}, {name: three, properties: {n: 7}}]',
      ),
    );
    const service = await start({ tasks: [plus('one'), plus('two'), plus('three')], version: '9' });
    for (let run = 0; run < 20; run++) {
      expect(await trigger(client, { data: { one: { n: 4 } }, waitS: 60 })).toMatchObject({
        state: 'finished',
        result: 'pass',
      });
    }
    const { items } = await client.listRuns({ project: 'p', limit: 1 });
    const run = await client.getRun({ run: items[0]?.id ?? '' });
    expect(run.tasks.map(({ output }) => output)).toEqual([{ n: 5 }, { n: 51 }, { n: 8 }]);
    expect(run.tasks[0]?.attempts[0]?.executors).toMatchObject([
      { way: connect === 'push' ? expect.any(String) : connect },
    ]);
    expect(
      (await client.listServices()).items
        .filter(({ connected }) => connected)
        .map(({ task }) => task)
        .sort(),
    ).toContain('one');
    expect(service.stats()).toMatchObject({ started: 60, finished: 60, repeated: 0 });
  },
);

test.each(['claim', 'nats', 'push'] as const)(
  '%s: an attempt that fails is tried again when it says, and a wrong input is not',
  async (connect) => {
    const { client, start } = await world(
      connect,
      shipyard('[{name: shaky, retry: {attempts: 3, delay: 10ms}}, {name: strict, retry: {attempts: 3, delay: 10ms}}]'),
    );
    const at: number[] = [];
    const shaky = defineTask({
      name: 'shaky',
      input: z.unknown(),
      output: z.object({}),
      run: (_, { attempt }) => {
        at.push(performance.now());
        if (attempt < 3) throw new RetryAfter(attempt * 150, 'not yet');
        return {};
      },
    });
    const strict = defineTask({
      name: 'strict',
      input: z.object({ must: z.string() }),
      output: z.object({}),
      run: () => ({}),
    });
    await start({ tasks: [shaky, strict] });
    const { run } = await trigger(client);
    const view = await client.getRun({ run });
    expect(view).toMatchObject({ state: 'finished', result: 'fail', status: 'errored' });
    expect(view.tasks.map(({ attempts }) => attempts.length)).toEqual([3, 1]);
    expect(view.tasks[1]?.attempts[0]?.error).toMatchObject({ code: 'INVALID_INPUT', retryable: false });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(140);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThan(280);
  },
);

test.each(['claim', 'nats', 'push'] as const)(
  '%s: a task that errored with an output is not tried again when it says so, and its output is there',
  async (connect) => {
    const { client, start } = await world(connect, shipyard('[{name: judge, retry: {attempts: 3, delay: 10ms}}]'));
    const judge = defineTask({
      name: 'judge',
      input: z.unknown(),
      output: numbers,
      run: () => {
        throw new TaskErrored('nothing to judge', { output: { n: 0 }, code: 'NO_DATA', retryable: false });
      },
    });
    await start({ tasks: [judge] });
    const { run } = await trigger(client);
    const { items } = await client.listRunEvents({ run, limit: 100 });
    const finished = items.filter(({ event }) => event.type === 'judge.finished');
    expect(finished.map(({ event }) => event.data)).toMatchObject([
      {
        ...{ status: 'errored', result: 'fail', message: 'nothing to judge', judge: { n: 0 } },
        error: { code: 'NO_DATA', retryable: false },
      },
    ]);
    expect((await client.getRun({ run })).tasks[0]).toMatchObject({ status: 'errored', output: { n: 0 } });
  },
);

test.each(['claim', 'nats', 'push'] as const)(
  '%s: progress is seen, and aborting the run aborts the handler',
  async (connect) => {
    const { client, start } = await world(connect, shipyard('[{name: endless}]'));
    let reason: Error | undefined;
    const endless = defineTask({
      name: 'endless',
      input: z.unknown(),
      output: z.object({}),
      run: async (_, { progress, signal }) => {
        progress(0.25, 'a quarter');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reason = signal.reason;
        return {};
      },
    });
    const service = await start({ tasks: [endless], leaseMs: 1_500 });
    const { run } = await trigger(client, {});
    let executor: unknown;
    await eventually('it runs', () => service.stats().running === 1);
    await eventually('its progress', async () => {
      executor = (await client.getRun({ run })).tasks[0]?.attempts[0]?.executors[0];
      return JSON.stringify(executor)?.includes('a quarter') === true;
    });
    expect(executor).toMatchObject({ fraction: 0.25, message: 'a quarter' });
    await client.commandRun({ run, command: 'abort', body: { reason: 'enough' } });
    await eventually('the abort', () => reason !== undefined);
    expect(reason?.name).toBe('AttemptCancelled');
  },
);

test.each(['claim', 'nats', 'push'] as const)(
  '%s: the control plane is killed in the middle, and every run ends with each task done once',
  async (connect) => {
    const { plane, client, start } = await world(connect, shipyard('[{name: one}, {name: two}]'));
    const runs = new Map<string, number>();
    const counted = (name: string) =>
      defineTask({
        name,
        input: z.unknown(),
        output: z.object({}),
        run: async (_, { attemptId }) => {
          runs.set(attemptId, (runs.get(attemptId) ?? 0) + 1);
          await sleep(20);
          return {};
        },
      });
    await start({ tasks: [counted('one'), counted('two')], leaseMs: 5_000 });
    const events = Array.from({ length: 100 }, (_, n) => ({
      ...{ specversion: '1.0', id: `t${n}`, source: '/test', type: 'dev.go.triggered', data: { project: 'p' } },
    }));
    await client.sendEvents({ body: events });
    await eventually('some are done', () => runs.size > 40);
    await plane.kill();
    await sleep(200);
    await plane.restart();
    // The broker gives what the killed process held to the next one after 30 s.
    await eventually('all are done', () => runs.size === 200, 90_000);
    await eventually('all have ended', async () => {
      const { items } = await client.listRuns({ project: 'p', limit: 200 });
      return items.filter(({ state }) => state === 'finished').length === 100;
    });
    const { items } = await client.listRuns({ project: 'p', limit: 200 });
    expect(items.map(({ state, result }) => `${state} ${result}`)).toEqual(Array(100).fill('finished pass'));
    expect([...runs.values()].filter((times) => times > 1)).toEqual([]);
  },
  180_000,
);
