import { createClient } from '@slipway/sdk';
import { expect, test } from 'vitest';
import { patiently } from '../src/shell/patience.ts';
import { fakeServer, type Handler, inTurn, json, reset } from './fake-server.ts';

const problem = (status: number, code: string): Handler =>
  json({ type: '/x', title: 'No', status, code, detail: 'no' }, status, { 'content-type': 'application/problem+json' });
const good = json({ name: 'p', config: {} });

async function asked(handler: Handler, withinMs: number) {
  await using server = await fakeServer(handler);
  const client = createClient({ server: server.url });
  const { signal } = new AbortController();
  try {
    const ask = () => client.getProject({ project: 'p' }, { signal });
    return {
      found: await patiently(ask, { untilMs: performance.now() + withinMs, signal }),
      times: server.seen.length,
    };
  } catch (error) {
    return { error, times: server.seen.length };
  } finally {
    client.close();
  }
}

test('a control plane that restarts, is overloaded or throttles is asked again', async () => {
  const handler = inTurn(reset, problem(503, 'overloaded'), problem(429, 'rate-limited'), good);
  expect(await asked(handler, 30_000)).toMatchObject({ found: { name: 'p' }, times: 4 });
});

test('what it refuses for good is not asked twice', async () => {
  expect(await asked(problem(403, 'forbidden'), 30_000)).toMatchObject({ error: { code: 'forbidden' }, times: 1 });
  expect(await asked(problem(404, 'not-found'), 30_000)).toMatchObject({ error: { code: 'not-found' }, times: 1 });
});

test('nobody waits for it longer than he may', async () => {
  const { error, times } = await asked(reset, 400);
  expect(error).toMatchObject({ name: 'ServerUnreachable' });
  expect(times).toBeLessThan(5);
});
