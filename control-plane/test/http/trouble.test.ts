import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Refusal } from '../../src/runtime/control-plane.ts';
import { field, openDoor, post, putShipyard, startRun, trigger } from './door.ts';

test('a control plane that shuts down refuses with 503 and Retry-After, and is not ready', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  await door.plane.close();
  const answer = await post(door, trigger());
  expect([answer.status, field(answer.json, 'code'), answer.headers['retry-after']]).toEqual([503, 'draining', '2']);
  const ready = await door.ask('GET', '/readyz');
  expect([ready.status, ready.json]).toMatchObject([503, { ready: false, draining: true }]);
});

test('when the control plane says that it is overloaded, reads are refused first, for a second', async () => {
  await using door = await openDoor({
    instead: {
      submit: () => Promise.reject(new Refusal('overloaded', 'too much', { retryAfterMs: 1500 })),
    },
  });
  await putShipyard(door, 'shop');
  expect((await door.ask('GET', '/v1/runs')).status).toBe(200);
  const read = async (): Promise<unknown[]> => {
    const refused = await post(door, trigger());
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2']);
    const { status, json, headers } = await door.ask('GET', '/v1/runs');
    return [status, field(json, 'code'), headers['retry-after']];
  };
  // The second can be over before the read is there.
  await expect.poll(read).toEqual([503, 'overloaded', expect.stringMatching(/^[1-5]$/)]);
  // Finishing work frees resources, so what helps to finish is never refused; nor is health.
  expect((await door.ask('POST', '/v1/tasks/build/claim', { body: '{"source":"/w"}' })).status).toBe(204);
  expect((await door.ask('GET', '/readyz')).status).toBe(200);
  expect((await door.ask('GET', '/metrics')).status).toBe(200);
  await expect.poll(async () => (await door.ask('GET', '/v1/runs')).status).toBe(200);
});

test('an error that is ours tells the client nothing but where the log has it', async () => {
  const secret = 'mongodb://user:secret@db';
  await using door = await openDoor({ instead: { getRun: () => Promise.reject(new TypeError(secret)) } });
  await putShipyard(door, 'shop');
  const answer = await door.ask('GET', `/v1/runs/${await startRun(door)}`);
  expect([answer.status, field(answer.json, 'code')]).toEqual([500, 'internal']);
  expect(answer.text).not.toMatch(/secret|TypeError|\.ts/);
  const reference = /under ([0-9a-f-]{36})$/.exec(String(field(answer.json, 'detail')))?.[1];
  expect(reference).toBeDefined();
  const logged = door.log.lines().filter((line) => line.reference === reference);
  expect(logged).toMatchObject([{ level: 50, route: 'getRun', status: 500, err: { message: secret } }]);
});

test('a store that hangs makes readiness red, not silent', async () => {
  await using door = await openDoor({ instead: { status: () => new Promise(() => undefined) } });
  const answers = await Promise.all([door.ask('GET', '/readyz'), door.ask('GET', '/readyz')]);
  expect(answers).toMatchObject([{ status: 503, json: { ready: false } }, { status: 503 }]);
  expect((await door.ask('GET', '/livez')).status).toBe(200);
});

test('a flood of nonsense is counted and not logged line by line', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  let sent = 0;
  const flood = async (count: number): Promise<void> => {
    sent += count;
    await Promise.all(Array.from({ length: count }, () => door.ask('GET', '/v1/nothing')));
  };
  // Too many for one second are a matter of the machine: again until it were.
  await expect
    .poll(async () => {
      await flood(250);
      await sleep(1100);
      await flood(1);
      return door.log.lines();
    })
    .toContainEqual(expect.objectContaining({ unlogged: expect.any(Number) }));
  const refusals = door.log.lines().filter((line) => line.code === 'not-found');
  expect(refusals.length).toBeGreaterThanOrEqual(100);
  expect(refusals.length).toBeLessThan(sent);
  const counted = `slipway_http_refused_total{code="not-found"} ${sent}\n`;
  expect((await door.ask('GET', '/metrics')).text).toContain(counted);
  await startRun(door);
});
