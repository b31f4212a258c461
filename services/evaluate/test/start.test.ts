import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'slipway-evaluate-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sources = join(folder, 'sources.yaml');
const DATADOG = 'sources: {datadog: {type: datadog, apiKey: {env: DD_API_KEY}, applicationKey: {env: DD_APP_KEY}}}';

test.each([
  [{ SLIPWAY_EVALUATE_SOURCES: join(folder, 'none.yaml') }, '', /^SLIPWAY_EVALUATE_SOURCES .* cannot be read: ENOENT/],
  [{ SLIPWAY_EVALUATE_SOURCES: sources }, DATADOG, /^the source 'datadog' needs the .* DD_API_KEY, which is not set$/],
  [{ SLIPWAY_EVALUATE_SOURCES: sources }, 'sorces: {}', /^the sources file: .*"sorces"/],
  [{ SLIPWAY_CONNECT: 'carrier' }, '', /^SLIPWAY_CONNECT is "carrier": write /],
])(
  'what an operator wrote is refused in one line of the log: %j',
  (env, text, words) => {
    writeFileSync(sources, text);
    const main = join(import.meta.dirname, '../src/main.ts');
    const { DD_API_KEY: _, ...outer } = process.env;
    const ended = spawnSync(process.execPath, [main], { env: { ...outer, ...env }, encoding: 'utf8', timeout: 60_000 });
    expect(ended.status).toBe(1);
    const lines = ended.stderr.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      service: 'evaluate',
      message: expect.stringMatching(words),
    });
  },
  90_000,
);
