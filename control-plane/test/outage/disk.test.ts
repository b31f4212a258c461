import { expect, test } from 'vitest';
import { PlaneProcess, SHIPYARD } from './world.ts';

test('a disk with less free than is kept in reserve takes no new runs, and says so in metrics', async () => {
  // More than any disk has free that a test runs on.
  await using plane = new PlaneProcess('--disk-reserve', '99');
  await plane.start();
  const shipyard = await fetch(`${plane.url}/v1/projects/out/shipyard`, { method: 'PUT', body: SHIPYARD });
  expect([shipyard.status, await shipyard.json()]).toMatchObject([503, { code: 'store-unavailable' }]);
  // The shipyard is there from a time when there was room.
  await plane.kill();
  await plane.start(['--disk-reserve', '0']);
  await plane.putShipyard();
  await plane.kill();
  await plane.start();
  const refused = await plane.trigger('t');
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'store-unavailable' }]);
  const metrics = await (await fetch(`${plane.url}/metrics`)).text();
  const free = Number(/^slipway_disk_free_ratio (\S+)$/m.exec(metrics)?.[1]);
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThan(0.99);
}, 60_000);
