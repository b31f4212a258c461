import { sliLint, sloLint } from '@slipway/evaluation';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { importOpenSlo, OfflineProblem } from '../src/index.ts';

/** Documents in the form of the OpenSLO v1 specification. */
const RATIO = `apiVersion: openslo/v1
kind: SLO
metadata: {name: web-availability, displayName: Web availability, labels: {team: [a, b]}}
spec:
  description: 99.5 % of searches succeed
  service: web
  indicator:
    metadata: {name: web-successful-requests}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource: {type: Prometheus, spec: {query: 'sum(http_requests{component="web",code=~"2xx|4xx"})'}}
        total:
          metricSource: {type: Prometheus, spec: {query: 'sum(http_requests{component="web"})'}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: Good, target: 0.995}]
  alertPolicies: [page-fast]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: page-fast}
spec:
  description: wakes somebody up
  alertWhenBreaching: true
  conditions:
  - conditionRef: fast-burn
  - kind: AlertCondition
    metadata: {name: slow-burn}
    spec: {severity: ticket, condition: {kind: burnrate, op: gt, threshold: 6, lookbackWindow: 6h, alertAfter: 5m}}
  notificationTargets: [{targetRef: pager}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast-burn}
spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h}}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: pager}
spec: {target: pagerduty}
`;

const slo = (spec: string): string =>
  `apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: s}\nspec: {service: x, budgetingMethod: Occurrences, ${spec}}\n`;
const threshold = `indicator: {metadata: {name: latency}, spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: "latency{q='0.95'}"}}}}}`;

test('objectives become error budgets that the linter has nothing to say about', () => {
  const imported = importOpenSlo(RATIO);
  expect(load(imported.slo)).toEqual({
    spec_version: '1.0',
    objectives: [
      {
        sli: 'web-availability',
        displayName: 'Web availability: Good',
        budget: {
          target: 0.995,
          window: '4w',
          pairs: [
            { windows: ['1h'], burn_rate: 14.4, severity: 'fail' },
            { windows: ['6h'], burn_rate: 6, severity: 'warn' },
          ],
        },
      },
    ],
    total_score: { pass: '100%', warning: '50%' },
  });
  const [all, good] = ['component="web"', 'component="web",code=~"2xx|4xx"'].map(
    (labels) => `increase((sum(http_requests{${labels}}))[$WINDOW:1m])`,
  );
  expect(load(imported.sli)).toEqual({
    spec_version: '1.0',
    indicators: { 'web-availability': `1 - ${good} / ${all}` },
  });
  expect(imported.notes).toEqual([
    "SLO 'web-availability': alertAfter of 'slow-burn' was left out: an evaluation looks once",
  ]);
  expect(sloLint(imported.slo).lines).toEqual([]);
  expect(sliLint(imported.sli, imported.slo).lines).toEqual([]);
});

describe('queries', () => {
  const queryOf = (spec: string): unknown => load(importOpenSlo(slo(spec)).sli);
  const ratio = (parts: string): string =>
    `indicator: {metadata: {name: i}, spec: {ratioMetric: {${parts}}}}, objectives: [{targetPercent: 99}]`;
  const source = (query: string): string => `{metricSource: {type: prometheus, spec: {query: "${query}"}}}`;

  test.each([
    [
      'ranges become the window',
      ratio(`counter: true, bad: ${source('rate(e[5m])')}, total: ${source('rate(a[5m])')}`),
      '(rate(e[$WINDOW])) / (rate(a[$WINDOW]))',
    ],
    [
      'what is no counter is summed',
      ratio(`bad: ${source('e')}, total: ${source('a')}`),
      'sum_over_time((e)[$WINDOW:1m]) / sum_over_time((a)[$WINDOW:1m])',
    ],
    [
      'a ready share of successes',
      ratio(`rawType: success, raw: ${source('ok_ratio')}`),
      '1 - avg_over_time((ok_ratio)[$WINDOW:1m])',
    ],
    [
      'a threshold is the time on its wrong side',
      `${threshold}, objectives: [{op: lte, value: 200, target: 0.99, timeSliceWindow: 5m}]`,
      "avg_over_time(((latency{q='0.95'}) > bool 200)[$WINDOW:5m])",
    ],
  ])('%s', (_, spec, query) => {
    expect(queryOf(spec)).toEqual({ spec_version: '1.0', indicators: { s: query } });
  });

  test('an SLI of its own document, several objectives, months and calendars', () => {
    const sli = `---\napiVersion: openslo/v1\nkind: SLI\nmetadata: {name: errors}\nspec: {ratioMetric: {bad: ${source('e')}, total: ${source('a')}}}\n`;
    const two = slo(
      'indicatorRef: errors, timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: "2022-01-01 12:00:00", timeZone: UTC}}], objectives: [{target: 0.9}, {target: 0.99, displayName: strict}]',
    );
    const imported = importOpenSlo(two + sli);
    expect(load(imported.slo)).toMatchObject({
      objectives: [
        { sli: 's', displayName: 's', budget: { target: 0.9, window: '30d' } },
        { sli: 's-2', displayName: 's: strict', budget: { target: 0.99 } },
      ],
    });
    expect(imported.notes).toEqual([
      "SLO 's': it has no burn rate alerts, so the usual pairs of windows were taken",
      "SLO 's': its calendar window counts as a rolling one here",
    ]);
  });

  test('what only a person can translate is said, and the rest is imported', () => {
    const datadog = ratio(
      'counter: true, good: {metricSource: {type: Datadog, spec: {query: "sum:x{*}"}}}, total: {metricSource: {type: Datadog}}',
    );
    const imported = importOpenSlo(slo(`${datadog}, alertPolicies: [nowhere]`));
    expect(load(imported.sli)).toEqual({ spec_version: '1.0', indicators: {} });
    expect(imported.notes).toEqual([
      "SLO 's': the alert policy 'nowhere' is not in the file",
      "SLO 's': it has no burn rate alerts, so the usual pairs of windows were taken",
      "SLI 's': its source is of the type Datadog; write its query into sli.yaml, for the share of bad events over $WINDOW",
    ]);
    const slices = importOpenSlo(
      slo(`${threshold}, objectives: [{op: lt, value: 1, target: 0.9}]`).replace('Occurrences', 'Timeslices'),
    );
    expect(slices.notes).toContain("SLI 's': Timeslices counts slices of time; the query counts what happened");
  });
});

test.each([
  ['[', 'it is not YAML: line 1, column 2:'],
  ['a: 1', 'document 1: apiVersion:'],
  ['apiVersion: openslo/v1\nkind: Service\nmetadata: {name: web}\n', 'no document of the kind SLO'],
  [
    'apiVersion: openslo/v2alpha\nkind: SLO\nmetadata: {name: s}\n',
    "has the apiVersion 'openslo/v2alpha': only openslo/v1",
  ],
  ['apiVersion: openslo/v1\nkind: Slo\nmetadata: {name: s}\n', "document 1 is of the kind 'Slo'"],
  [slo('objectives: []'), "SLO 's': spec.objectives:"],
  [slo('objectives: [{target: 1.5}], indicatorRef: x'), 'needs a target above 0 and below 1'],
  [slo('objectives: [{target: 0.5}], indicatorRef: x'), "refers to the SLI 'x', which is not in the file"],
  [slo('objectives: [{target: 0.5}]'), 'has no indicator'],
  [
    slo(`${threshold}, timeWindow: [{duration: soon}], objectives: [{target: 0.5}]`),
    "'soon' is not a duration such as 28d",
  ],
])('%j is refused with what is wrong', (text, words) => {
  const refusal = (): unknown => importOpenSlo(text);
  expect(refusal).toThrow(OfflineProblem);
  expect(refusal).toThrow(words);
});

test('an SLO called __proto__ keeps its query', () => {
  const { sli } = importOpenSlo(RATIO.replace('name: web-availability', 'name: __proto__'));
  expect(sli).toMatch(/^ +__proto__: /m);
});
