import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions } from '../../tools/options.ts';
import { CACHE } from '../../tools/root.ts';
import { percentile } from './load.ts';
import { PROJECT, startPlane } from './plane.ts';
import { type Measured, spawnNode, stop } from './processes.ts';

/**
 * Whether an evaluation costs more when many are stored: the real control plane on SQLite, the real evaluate service, one gate
 * after the other with three earlier passes as its baseline, after 100 stored evaluations and after 100,000 of the same service,
 * of which one in two failed. `npm run bench:evaluations -- --stored 100000`; needs about 6 KB of disk for each, and minutes.
 */
const values = readOptions(
  'npm run bench:evaluations --',
  'Measures whether an evaluation costs more when many are stored.',
  {
    stored: { type: 'string', default: '100000', value: 'N', whole: 1, about: 'Stored evaluations in the end.' },
    dir: {
      type: 'string',
      default: CACHE,
      value: 'DIR',
      about: 'Folder for the data; it decides which disk is measured.',
    },
  },
);
mkdirSync(values.dir, { recursive: true });
const FEW = 100;
const WARM_UP = 30;
const MEASURED = 300;
const BATCH = 100;
const RATIO_MAX = 1.5;
const SLIS = ['response_time', 'error_rate', 'throughput', 'cpu', 'memory'];
const SERVICE = 'carts';
const SLO = {
  comparison: { compare_with: 'several_results', include_result_with_score: 'pass', number_of_comparison_results: 3 },
  objectives: SLIS.map((sli) => ({ sli, pass: [{ criteria: ['<=+10%'] }] })),
  total_score: { pass: '90%' },
};
const SHIPYARD = {
  apiVersion: 'slipway.dev/v1',
  kind: 'Shipyard',
  metadata: { name: 'gate' },
  spec: {
    stages: [
      {
        name: 'dev',
        sequences: [
          // A task that nobody serves but this bench: its answers are stored as the real ones are.
          { name: 'fill', tasks: [{ name: 'evaluation' }] },
          {
            name: 'gate',
            tasks: [{ name: 'evaluation', properties: { slo: SLO, values: numbers(100), timeframe: '5m' } }],
          },
        ],
      },
    ],
  },
};

const JSON_TYPE: Record<string, string> = { 'content-type': 'application/json' };

const dir = mkdtempSync(join(values.dir, 'evaluations-'));
const processes: Measured[] = [];

function say(figure: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;

function numbers(value: number): Record<string, number> {
  return Object.fromEntries(SLIS.map((sli) => [sli, value]));
}

async function ask(url: string, path: string, body?: unknown, headers = JSON_TYPE): Promise<unknown> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers };
  const answer = await fetch(`${url}${path}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return text === '' ? [] : JSON.parse(text);
}

const BATCH_TYPE = { 'content-type': 'application/cloudevents-batch+json' };

/** Stores evaluations as their answers come, a hundred at a time, each with five SLIs. */
async function fill(url: string, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += BATCH) {
    const count = Math.min(BATCH, to - first);
    const triggers = Array.from({ length: count }, (_, index) => ({
      specversion: '1.0',
      id: `fill-${first + index}`,
      source: '/bench',
      type: 'dev.fill.triggered',
      data: { project: PROJECT, service: SERVICE },
    }));
    await ask(url, '/v1/events', triggers, BATCH_TYPE);
    const claimed = await ask(url, `/v1/tasks/evaluation/claim?max=${count}&wait=5s`, { source: '/bench' });
    const attempts = claimed as { id: string }[];
    if (attempts.length !== count) throw new Error(`${attempts.length} of ${count} attempts could be claimed`);
    await ask(url, '/v1/events', attempts.map(answerTo), BATCH_TYPE);
  }
}

function answerTo({ id }: { id: string }, index: number): Record<string, unknown> {
  const result = index % 2 === 0 ? 'pass' : 'fail';
  const indicatorResults = SLIS.map((metric) => ({
    score: 1,
    value: { metric, value: 90 + (index % 20), comparedValue: 100, success: true },
    displayName: '',
    passTargets: [{ criteria: '<=+10%', targetValue: 110, violated: false }],
    warningTargets: [],
    keySli: false,
    status: result,
  }));
  const evaluation = { result, score: 100, sloFileContent: '', indicatorResults, comparedEvents: [] };
  return {
    specversion: '1.0',
    id: `${id}.finished`,
    source: '/bench',
    type: 'evaluation.finished',
    causationid: id,
    data: { result, evaluation },
  };
}

/** From the trigger to the end of the run, one at a time. */
async function measure(url: string, stored: number): Promise<number> {
  const service = spawnNode('evaluate', '../../services/evaluate/src/main.ts', [], { SLIPWAY_SERVER: url });
  processes.push(service);
  const took: number[] = [];
  for (let index = 0; index < WARM_UP + MEASURED; index++) {
    const event = {
      specversion: '1.0',
      id: `gate-${stored}-${index}`,
      source: '/bench',
      type: 'dev.gate.triggered',
      data: { project: PROJECT, service: SERVICE },
    };
    const start = performance.now();
    const ended = await ask(url, '/v1/events', event, {
      'content-type': 'application/cloudevents+json',
      prefer: 'wait=30',
    });
    const ms = performance.now() - start;
    const { result, message } = ended as { result?: string; message?: string };
    if (result !== 'pass') throw new Error(`a gate ended with ${result}: ${message}`);
    if (index >= WARM_UP) took.push(ms);
  }
  await stop(service);
  took.sort((a, b) => a - b);
  const list: number[] = [];
  for (let index = 0; index < MEASURED; index++) {
    const start = performance.now();
    await ask(
      url,
      `/v1/projects/${PROJECT}/stages/dev/services/${SERVICE}/evaluations?result=pass&invalidated=false&limit=3`,
    );
    list.push(performance.now() - start);
  }
  list.sort((a, b) => a - b);
  const start = performance.now();
  await ask(url, `/v1/projects/${PROJECT}/evaluations?limit=200`);
  say({
    name: `evaluations/${stored}`,
    gateP50Ms: hundredths(percentile(took, 0.5)),
    gateP99Ms: hundredths(percentile(took, 0.99)),
    baselineP50Ms: hundredths(percentile(list, 0.5)),
    heatMapOf200Ms: Math.round(performance.now() - start),
    dbMb: Math.round(statSync(join(dir, 'data', 'slipway.db')).size / 1e6),
  });
  return percentile(took, 0.5);
}

try {
  const { plane, url } = await startPlane(dir, undefined, JSON.stringify(SHIPYARD));
  processes.push(plane);
  await fill(url, 0, FEW);
  const few = await measure(url, FEW);
  const begin = performance.now();
  await fill(url, FEW, Number(values.stored));
  say({ name: 'evaluations/filled', seconds: Math.round((performance.now() - begin) / 1000) });
  const many = await measure(url, Number(values.stored));
  const ratio = hundredths(many / few);
  say({ name: 'evaluations/ratio', value: ratio, goal: `<= ${RATIO_MAX}` });
  if (ratio > RATIO_MAX) process.exitCode = 1;
} finally {
  for (const one of processes.reverse()) await stop(one);
  rmSync(dir, { recursive: true, force: true });
}
