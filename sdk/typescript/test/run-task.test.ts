import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask, fromEnvironment, outcome, runTask, serve, TaskErrored } from '../src/index.ts';

test('a task runs without any server, and sees what a service would show it', async () => {
  const task = defineTask({
    name: 'look',
    input: z.object({ at: z.string().default('here') }),
    output: z.object({ saw: z.string(), before: z.unknown() }),
    run: ({ at }, ctx) => {
      ctx.progress(0.5, 'half');
      const { project, stage, service, labels, attempt, runId, attemptId } = ctx;
      return {
        saw: [at, project, stage, service, labels.a, attempt, runId, attemptId].join(' '),
        before: ctx.data.build,
      };
    },
  });
  const run = await runTask(task, undefined, {
    ...{ project: 'p', stage: 's', service: 'v', labels: { a: 'l' }, attempt: 2, data: { build: { id: 7 } } },
  });
  expect(run).toEqual({
    ...{ status: 'succeeded', result: 'pass', progress: [{ fraction: 0.5, message: 'half' }] },
    output: { saw: 'here p s v l 2 test-run test-run.look.2', before: { id: 7 } },
  });
});

test('checks that take their time are waited for', async () => {
  const later = z.object({ n: z.number().refine(async (n) => (await sleep(1, n)) > 0, 'must be positive') });
  const task = defineTask({ name: 'later', input: later, output: later, run: ({ n }) => ({ n: n - 1 }) });
  expect(await runTask(task, { n: 2 })).toMatchObject({ output: { n: 1 } });
  expect(await runTask(task, { n: 0 })).toMatchObject({
    error: { code: 'INVALID_INPUT', message: expect.stringContaining('n: must be positive') },
  });
  expect(await runTask(task, { n: 1 })).toMatchObject({ error: { code: 'INVALID_OUTPUT', retryable: false } });
});

test('a fail needs no output, a pass does', async () => {
  const output = z.object({ a: z.number() });
  const fail = defineTask({
    name: 'f',
    input: z.unknown(),
    output,
    run: () => outcome<{ a: number }>({ result: 'fail' }),
  });
  expect(await runTask(fail, {})).toMatchObject({ status: 'succeeded', result: 'fail' });
  const labelled = defineTask({ ...fail, run: () => outcome({ output: { a: 1 }, labels: { build: '7' } }) });
  expect(await runTask(labelled, {})).toMatchObject({ result: 'pass', labels: { build: '7' } });
  const pass = defineTask({
    name: 'p',
    input: z.unknown(),
    output,
    run: () => outcome<{ a: number }>({ message: 'm' }),
  });
  expect(await runTask(pass, {})).toMatchObject({ status: 'errored', error: { code: 'INVALID_OUTPUT' } });
});

test('an errored task may have an output, which is checked and never hides the error', async () => {
  const output = z.object({ score: z.number().default(0) });
  const run = (given: object) => () => {
    throw new TaskErrored('no data', { output: given, code: 'NO_DATA', retryable: false });
  };
  const good = defineTask({ name: 'good', input: z.unknown(), output, run: run({}) });
  expect(await runTask(good, {})).toEqual({
    ...{ status: 'errored', result: 'fail', message: 'no data', progress: [], output: { score: 0 } },
    error: { code: 'NO_DATA', message: 'no data', retryable: false },
  });
  const bad = defineTask({ name: 'bad', input: z.unknown(), output, run: run({ score: 'high' }) });
  const ended = await runTask(bad, {});
  expect(ended.output).toBeUndefined();
  expect(ended).toMatchObject({
    status: 'errored',
    message: expect.stringMatching(/^no data; the output of bad was left out, it is not valid: score: /),
    error: { code: 'NO_DATA', message: 'no data' },
  });
});

test('a signal cancels it, and what is not an Error can be thrown', async () => {
  const wait = defineTask({
    name: 'wait',
    input: z.unknown(),
    output: z.object({}),
    run: (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject('stopped'))),
  });
  expect(await runTask(wait, {}, { signal: AbortSignal.timeout(10) })).toMatchObject({ message: 'stopped' });
});

test('names and settings that cannot be are refused with the way out', () => {
  const io = { input: z.unknown(), output: z.object({}), run: () => ({}) };
  expect(() => defineTask({ name: 'Check Number', ...io })).toThrow('"Check Number" cannot name a task');
  expect(() => serve({ tasks: [] })).toThrow('serve needs at least one task');
  const task = defineTask({ name: 'a', ...io });
  expect(() => serve({ tasks: [task, task] })).toThrow('the same name');
  expect(() => serve({ tasks: [task], concurrency: 0 })).toThrow('concurrency is 0');
  expect(() => serve({ tasks: [task], server: 'localhost' })).toThrow('write for example');
  expect(() => fromEnvironment({ SLIPWAY_CONNECT: 'carrier-pigeon' })).toThrow('write claim, nats, push');
  expect(fromEnvironment({ SLIPWAY_NATS: 'nats://x', SLIPWAY_TOKEN: '' })).toEqual({
    connect: 'nats',
    nats: 'nats://x',
  });
});

test('a process is told its name, its broker and where pushes arrive', () => {
  expect(
    fromEnvironment({
      SLIPWAY_NATS: 'nats://me:s%40cret@one:4222,nats://two:4222',
      SLIPWAY_NATS_CA: '/ca.crt',
      SLIPWAY_NATS_DOMAIN: 'slipway',
      SLIPWAY_NATS_INBOX: '_INBOX_me',
      SLIPWAY_NAME: 'me',
    }),
  ).toEqual({
    connect: 'nats',
    name: 'me',
    nats: {
      servers: ['nats://one:4222', 'nats://two:4222'],
      user: 'me',
      pass: 's@cret',
      tls: { caFile: '/ca.crt' },
      domain: 'slipway',
      inboxPrefix: '_INBOX_me',
    },
  });
  const push = { SLIPWAY_CONNECT: 'push', SLIPWAY_PUSH_URL: 'http://me:8080/' };
  expect(fromEnvironment({ ...push, SLIPWAY_PUSH_LISTEN: '[::]:8080' }).push).toEqual({
    ...{ host: '::', port: 8080, url: 'http://me:8080/' },
  });
  expect(() => fromEnvironment({ SLIPWAY_PUSH_LISTEN: '8080' })).toThrow('write HOST:PORT');
});
