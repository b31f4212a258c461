import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimOne, field, finished, openDoor, post, putShipyard, startRun, type TestDoor, trigger } from './door.ts';

let open: TestDoor;
beforeAll(async () => {
  open = await openDoor();
  await putShipyard(open, 'shop');
});
afterAll(() => open[Symbol.asyncDispose]());

const view = async (door: TestDoor, run: string, headers = {}) =>
  (await door.ask('GET', `/v1/runs/${run}`, { headers })).json;

test.each(['/web/by-hand', '/cli/by-hand'])(
  'an answer of %s ends an attempt that a service works on, with its author',
  async (source) => {
    const run = await startRun(open);
    const attempt = await claimOne(open, 'build');
    const data = { result: 'warning', message: 'checked by eye' };
    const answer = finished(attempt, { source, data, by: 'ada', onbehalfof: '/worker' });
    expect((await post(open, answer)).status).toBe(202);
    const shown = await view(open, run);
    expect(shown).toMatchObject({ phase: 'warning', result: 'warning' });
    const line = { what: 'answer', task: 'build', attempt: attempt.id, result: 'warning', source, by: 'ada' };
    expect(field(shown, 'history')).toEqual([
      { at: expect.any(Number), ...line, onBehalfOf: '/worker', reason: 'checked by eye' },
    ]);
    const cancelled = await open.ask(
      'GET',
      `/v1/events?type=build.cancelled&correlationid=${field(shown, 'correlationid')}`,
    );
    expect(field(field(field(field(cancelled.json, 'items'), 0), 'event'), 'causationid')).toBe(attempt.id);
    const late = await post(open, finished(attempt));
    expect([late.status, field(late.json, 'code')]).toEqual([409, 'attempt-over']);
  },
);

test('where there are tokens, the author of an answer by hand is the owner of the token, whatever the event says', async () => {
  const token = 'a'.repeat(40);
  await using door = await openDoor({ tokens: `grace * ${token}` });
  const headers = { authorization: `Bearer ${token}` };
  await putShipyard(door, 'shop', headers);
  const sent = await post(door, trigger(), headers);
  const run = String(field(field(field(sent.json, 'items'), 0), 'run'));
  const answer = finished(
    { id: `${run}.build.1`, type: 'build.triggered' },
    { source: '/web/by-hand', by: 'somebody else' },
  );
  expect((await post(door, answer, headers)).status).toBe(202);
  const shown = await view(door, run, headers);
  expect(field(shown, 'history')).toMatchObject([{ what: 'answer', by: 'grace' }]);
  const stored = await door.ask('GET', `/v1/events/${String(answer.id)}`, { headers });
  expect(field(field(stored.json, 'event'), 'by')).toBe('grace');
});

test('an answer of another source counts when the lease of the service that held the attempt lapses', async () => {
  const run = await startRun(open);
  const claim = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ source: '/silent' }) };
  const claimed = await open.ask('POST', '/v1/tasks/build/claim?wait=30s&lease=1s', claim);
  const attempt = field(claimed.json, 0) as Record<string, unknown>;
  expect((await post(open, finished(attempt, { source: '/other', data: { result: 'warning' } }))).status).toBe(202);
  await expect.poll(async () => field(await view(open, run), 'phase')).toBe('warning');
  expect(field(field(field(await view(open, run), 'tasks'), 0), 'attempts')).toHaveLength(1);
});
