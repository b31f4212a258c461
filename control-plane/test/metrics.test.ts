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
