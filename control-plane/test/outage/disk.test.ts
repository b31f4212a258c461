import { expect, test } from 'vitest';
import { PlaneProcess } from './world.ts';

test('a disk with less free than is kept in reserve takes no new runs, and says so in metrics', async () => {
  // More than any disk has free that a test runs on.
  await using plane = new PlaneProcess('--disk-reserve', '99');
  await plane.start();
  await plane.putShipyard();
  const refused = await plane.trigger('t');
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'store-unavailable' }]);
  const metrics = await (await fetch(`${plane.url}/metrics`)).text();
  const free = Number(/^slipway_disk_free_ratio (\S+)$/m.exec(metrics)?.[1]);
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThan(0.99);
}, 60_000);
