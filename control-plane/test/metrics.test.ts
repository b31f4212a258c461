import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startControlPlane } from '../src/main.ts';

test('what only grows is a counter for Prometheus, everything else of ours a gauge or a histogram', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'slipway-metrics-'));
  const settings = { listen: { host: '127.0.0.1', port: 0 }, dataDir, logLevel: 'silent' as const };
  const plane = await startControlPlane({ ...settings, natsUrl: undefined, mongoUrl: undefined, tokenFile: undefined });
  try {
    const read = async (): Promise<string> => (await fetch(`${plane.url}/metrics`)).text();
    await read();
    const types = [...(await read()).matchAll(/^# TYPE (slipway_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
      name,
      type,
    }));
    expect(types.length).toBeGreaterThan(15);
    for (const { name, type } of types) expect([name, type === 'counter']).toEqual([name, name.endsWith('_total')]);
    expect(await read()).toMatch(/^slipway_runs_started_total 0$/m);
  } finally {
    await plane.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('the age of the oldest attempt that nobody takes is that of the oldest, after a start, too', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'slipway-metrics-'));
  const settings = { listen: { host: '127.0.0.1', port: 0 }, dataDir, logLevel: 'silent' as const };
  const all = { ...settings, natsUrl: undefined, mongoUrl: undefined, tokenFile: undefined };
  const shipyard =
    'apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: shop}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: build}]}]}]}';
  const post = (url: string, event: object): Promise<Response> =>
    fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ specversion: '1.0', source: '/t', ...event }),
    });
  const ageOf = async (url: string): Promise<number> =>
    Number(/^slipway_oldest_offer_age_seconds (\S+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
  let plane = await startControlPlane(all);
  try {
    expect(await ageOf(plane.url)).toBe(0);
    const headers = { 'content-type': 'application/yaml' };
    await fetch(`${plane.url}/v1/projects/shop/shipyard`, { method: 'PUT', headers, body: shipyard });
    const begun = Date.now();
    for (let index = 0; index < 5; index++) {
      await post(plane.url, { id: `t${index}`, type: 'dev.seq.triggered', data: { project: 'shop' } });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await plane.close();
    plane = await startControlPlane(all);
    await expect
      .poll(async () => (await (await fetch(`${plane.url}/metrics`)).text()).includes('slipway_offers 5'), {
        timeout: 20_000,
      })
      .toBe(true);
    const age = await ageOf(plane.url);
    expect(age).toBeGreaterThan(0.4);
    expect(age).toBeLessThanOrEqual((Date.now() - begun) / 1000);
  } finally {
    await plane.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
