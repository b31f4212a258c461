import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch } from '../../../tools/servers/process.ts';
import { programPath, type TestServer } from '../../../tools/test-servers.ts';
import { type Indicators, queriesFor } from '../src/providers/indicators.ts';
import { measureAll } from '../src/providers/measure.ts';
import type { QueryContext } from '../src/providers/placeholders.ts';
import { readSources } from '../src/providers/sources.ts';

/** A real Prometheus that scrapes a real exporter of this machine. */
let exporter: TestServer;
let prometheus: TestServer;

beforeAll(async () => {
  exporter = await launch({
    name: 'node-exporter',
    options: {},
    command: ({ port }) => ({
      file: programPath('prometheus-node-exporter'),
      args: [`--web.listen-address=127.0.0.1:${port}`],
    }),
    url: (port) => `http://127.0.0.1:${port}`,
    stopTimeoutMs: 5000,
  });
  prometheus = await launch({
    name: 'prometheus',
    options: {},
    command: ({ port, storeDir }) => {
      const config = join(storeDir, 'prometheus.yml');
      writeFileSync(
        config,
        `global: {scrape_interval: 3s, scrape_timeout: 3s}
scrape_configs:
- job_name: carts
  static_configs: [{targets: ["127.0.0.1:${exporter.port}"], labels: {stage: staging, build: "1.37"}}]
- job_name: nobody
  static_configs: [{targets: ["127.0.0.1:1"]}]
`,
      );
      return {
        file: programPath('prometheus'),
        args: [
          `--config.file=${config}`,
          `--storage.tsdb.path=${join(storeDir, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--log.level=error',
        ],
      };
    },
    url: (port) => `http://127.0.0.1:${port}`,
    stopTimeoutMs: 10_000,
  });
  // Rates need a few scrapes.
  for (let i = 0; i < 400; i += 1) {
    const [value] = await ask({ up: 'sum_over_time(up{job="carts"}[1m])' }, ['up']);
    if (value?.success === true && value.value >= 3) return;
    await sleep(200);
  }
  throw new Error('Prometheus scraped nothing in 80 s');
});

afterAll(async () => {
  await prometheus?.stop();
  await exporter?.stop();
});

function ask(indicators: Indicators, slis = Object.keys(indicators)) {
  const endMs = Date.now();
  const context: QueryContext = {
    project: 'shop',
    stage: 'staging',
    service: 'carts',
    deployment: '',
    labels: { build: '1.37' },
    filters: {},
    startMs: endMs - 30_000,
    endMs,
  };
  const sources = readSources({}, { SLIPWAY_PROMETHEUS: prometheus.url });
  return measureAll({
    queries: queriesFor(slis, indicators, sources),
    context,
    deadlineMs: 30_000,
    timeoutMs: 20_000,
    lateData: null,
    signal: new AbortController().signal,
  });
}

describe('a real Prometheus', () => {
  test('instant, range and scalar, with placeholders', async () => {
    const values = await ask({
      up: 'avg(up{job="$SERVICE",stage="$STAGE",build="$LABEL.build"})',
      cpu: 'sum(rate(node_cpu_seconds_total{job="$SERVICE"}[$DURATION_SECONDS]))',
      memory: {
        query: 'node_memory_MemTotal_bytes{job="$SERVICE"}',
        range: true,
        step: '1s',
        reduce: 'max',
      },
      scalar: 'scalar(vector(2.5))',
    });
    expect(values.map(({ metric, success, message }) => ({ metric, success, message }))).toEqual(
      ['up', 'cpu', 'memory', 'scalar'].map((metric) => ({ metric, success: true, message: '' })),
    );
    expect(values[0]?.value).toBe(1);
    expect(values[1]?.value).toBeGreaterThan(0);
    expect(values[2]?.value).toBeGreaterThan(1e8);
    expect(values[2]?.samples?.length).toBeGreaterThanOrEqual(3);
    expect(values[3]?.value).toBe(2.5);
  });

  test.each([
    ['nothing matches', 'no_such_metric', 'query did not return any values'],
    ['several series', 'node_cpu_seconds_total', 'query did return multiple values'],
    ['a division by zero', 'avg(up{job="nobody"}) / 0', '"NaN", which is not a finite number'],
    ['infinity', '1 / (up{job="carts"} - 1)', '"+Inf", which is not a finite number'],
    ['a typing mistake', 'sum(rate(x[5m])', 'answered 400: bad_data:'],
    ['a range where a number is wanted', 'up[1m]', 'an instant query must give one number'],
    ['a text', '"fast"', 'answered a string'],
  ])('%s says what to do', async (_, query, words) => {
    const [value] = await ask({ a: query });
    expect(value).toMatchObject({ success: false, value: 0 });
    expect(value?.message).toMatch(/^SLI 'a': prometheus \(127\.0\.0\.1:\d+\) /);
    expect(value?.message).toContain(words);
  });

  test('too many points are refused before they are asked for', async () => {
    const [value] = await ask({ a: { query: 'up', range: true, step: '0.1ms' } });
    expect(value?.message).toContain('use a longer step');
  });
});
