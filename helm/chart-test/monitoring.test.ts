import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programPath } from '../../tools/test-servers.ts';
import { type Manifest, manifests, named } from './helm.ts';
import { Release } from './release.ts';

/** Of Prometheus itself and of the kubelet, not of the control plane. */
const OF_OTHERS = ['up', 'kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes'];

const dir = mkdtempSync(join(tmpdir(), 'slipway-monitoring-'));
let rendered: Manifest[];
let exported: Set<string>;

interface Rule {
  alert: string;
  expr: string;
}

beforeAll(async () => {
  rendered = await manifests('monitoring');
  await using release = await Release.start({});
  const token = release.secret('slipway-auth')['metrics-token'] ?? '';
  const text = await (await release.fetch('/metrics', { token })).text();
  exported = new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function groups(): { name: string; rules: Rule[] }[] {
  return named(rendered, 'PrometheusRule', 'slipway').spec?.groups as { name: string; rules: Rule[] }[];
}

/** Expressions of the dashboard, with something in place of what Grafana fills in. */
function dashboardExpressions(): string[] {
  const { data } = named(rendered, 'ConfigMap', 'slipway-dashboard');
  const { panels } = JSON.parse(data?.['slipway.json'] ?? '') as { panels: { targets?: { expr: string }[] }[] };
  return panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(namespace|service)/g, 'slipway'));
}

/** Names of metrics: identifiers that are no function, no keyword, no label and in no text. */
function metricsOf(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\b(by|without) \([^)]*\)/g, ' ');
  return [...bare.matchAll(/[a-z_][a-z0-9_]*(?!\w)(?! *\()/gi)]
    .map(([name]) => name)
    .filter((name) => !['and', 'or', 'unless', 'm', 's', 'by'].includes(name));
}

function promtool(...args: string[]): Promise<{ ok: boolean; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; output: string }>();
  execFile(join(dirname(programPath('prometheus')), 'promtool'), args, { cwd: dir }, (error, out, stderr) => {
    resolve({ ok: error === null, output: `${out}${stderr}` });
  });
  return promise;
}

test('every metric of the alerts and the dashboard is one that a running control plane exports', () => {
  const expressions = [...groups().flatMap(({ rules }) => rules.map(({ expr }) => expr)), ...dashboardExpressions()];
  const names = new Set(expressions.flatMap(metricsOf));
  expect(names.size).toBeGreaterThan(15);
  expect([...names].filter((name) => !exported.has(name)).toSorted()).toEqual(OF_OTHERS.toSorted());
});

test('Prometheus takes every expression', async () => {
  const records = dashboardExpressions().map((expr, index) => ({ record: `panel:${index}`, expr }));
  writeFileSync(join(dir, 'rules.yaml'), dump({ groups: [...groups(), { name: 'dashboard', rules: records }] }));
  const { ok, output } = await promtool('check', 'rules', 'rules.yaml');
  expect(output).toContain(`SUCCESS: ${records.length + groups().flatMap(({ rules }) => rules).length} rules found`);
  expect(ok).toBe(true);
});

const SELECT = 'namespace="slipway",service="slipway"';
const CLAIM = 'namespace="slipway",persistentvolumeclaim="slipway-data"';

/** What the metrics do for an hour, and which alerts there are at its end. */
const HOURS: [what: string, series: Record<string, string>, alerts: string[]][] = [
  ['a quiet hour', {}, []],
  ['the control plane is away', { up: '0x60' }, ['SlipwayDown']],
  ['inputs pile up', { slipway_backlog: '2000x60' }, ['SlipwayBacklogGrows']],
  ['NATS takes nothing', { slipway_publishes_waiting: '500x60' }, ['SlipwayPublishesWait']],
  ['nobody serves a task', { slipway_oldest_offer_age_seconds: '0+60x60' }, ['SlipwayNobodyServes']],
  ['attempts wait, each for a while', { slipway_oldest_offer_age_seconds: '1200x60', slipway_offers: '3x60' }, []],
  ['the volume fills up', { kubelet_volume_stats_available_bytes: '10x60' }, ['SlipwayVolumeFillsUp']],
  ['the store is away', { 'slipway_http_refused_total code="store-unavailable"': '0+5x60' }, ['SlipwayRefusesWork']],
  ['requests are malformed', { 'slipway_http_refused_total code="malformed-json"': '0+5x60' }, []],
  ['errors of its own', { 'slipway_http_request_duration_seconds_count status="500"': '0+9x60' }, ['SlipwayFails']],
  ['the event loop lags', { nodejs_eventloop_lag_p99_seconds: '2x60' }, ['SlipwayEventLoopLags']],
  ['strangers on the bus', { slipway_bus_ignored_total: '0+5x60' }, ['SlipwayStrangersOnTheBus']],
];

const QUIET = {
  ...{
    up: '1x60',
    slipway_backlog: '2x60',
    slipway_publishes_waiting: '0x60',
    slipway_oldest_offer_age_seconds: '0x60',
  },
  ...{ slipway_bus_ignored_total: '0x60', nodejs_eventloop_lag_p99_seconds: '0.01x60' },
  ...{ 'slipway_http_request_duration_seconds_count status="200"': '0+100x60' },
  ...{ kubelet_volume_stats_available_bytes: '80x60', kubelet_volume_stats_capacity_bytes: '100x60' },
};

test('each alert fires when what it is about happens for an hour, and only then', async () => {
  writeFileSync(join(dir, 'alerts.yaml'), dump({ groups: groups() }));
  const names = groups().flatMap(({ rules }) => rules.map(({ alert }) => alert));
  expect([...new Set(HOURS.flatMap(([, , alerts]) => alerts))].toSorted()).toEqual(names.toSorted());
  const tests = HOURS.map(([what, series, alerts]) => ({
    name: what,
    interval: '1m',
    input_series: Object.entries({ ...QUIET, ...series }).map(([key, values]) => {
      const [name = '', label] = key.split(' ');
      const labels = name.startsWith('kubelet') ? CLAIM : SELECT;
      return { series: `${name}{${labels}${label ? `,${label}` : ''}}`, values };
    }),
    promql_expr_test: names.map((alert) => ({
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
      eval_time: '1h',
      exp_samples: [{ labels: '{}', value: alerts.includes(alert) ? 1 : 0 }],
    })),
  }));
  writeFileSync(join(dir, 'test.yaml'), dump({ rule_files: ['alerts.yaml'], evaluation_interval: '1m', tests }));
  const { ok, output } = await promtool('test', 'rules', 'test.yaml');
  expect({ ok, output }).toMatchObject({ ok: true });
});
