import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import {
  claimOne,
  field,
  finished,
  JSON_TYPE,
  openDoor,
  post,
  startRun,
  type TestDoor,
  trigger,
} from '../http/door.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: slow, tasks: [{name: sleep}]}, {name: quick, tasks: [{name: build}]}]}]}
`;
const MANY = 500;

test('a service that takes nothing fills its own queue only', async () => {
  await using door = await openDoor();
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
  const events = Array.from({ length: MANY }, () => ({ event: trigger({ type: 'dev.slow.triggered' }) as never }));
  await door.plane.submit(events);
  const run = await startRun(door);
  expect((await post(door, finished(await claimOne(door, 'build')))).status).toBe(202);
  expect(field((await door.ask('GET', `/v1/runs/${run}`)).json, 'state')).toBe('finished');
  const { items } = (await door.ask('GET', '/v1/services')).json as {
    items: { task: string; waitingAttempts: number }[];
  };
  expect(items).toContainEqual(expect.objectContaining({ task: 'sleep', waitingAttempts: MANY }));
});

test('a sink that never answers holds up no other subscription, and has no more under way than it may', async () => {
  let underWay = 0;
  let mostUnderWay = 0;
  const taken: string[] = [];
  const hanging = createServer((req) => {
    mostUnderWay = Math.max(mostUnderWay, ++underWay);
    req.on('close', () => underWay--);
  });
  const quick = createServer((req, res) => {
    taken.push(String(req.headers['ce-id'] ?? ''));
    req.resume().on('end', () => res.writeHead(202).end());
  });
  for (const server of [hanging, quick]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await using door = await openDoor({ pushPrivate: true, planeLimits: { pushConcurrency: 3 } });
  try {
    await door.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
    await subscribe(door, 'hanging', hanging.address());
    await subscribe(door, 'quick', quick.address());
    for (let run = 0; run < 20; run++) await startRun(door);
    await expect.poll(() => taken.length).toBeGreaterThanOrEqual(20);
    expect(mostUnderWay).toBeLessThanOrEqual(3);
  } finally {
    for (const server of [hanging, quick]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

async function subscribe(door: TestDoor, id: string, address: unknown): Promise<void> {
  const sink = `http://127.0.0.1:${String(field(address, 'port'))}/`;
  const body = JSON.stringify({ sink, types: ['build.triggered'] });
  const { status } = await door.ask('PUT', `/v1/subscriptions/${id}`, { headers: JSON_TYPE, body });
  expect(status).toBe(201);
}
