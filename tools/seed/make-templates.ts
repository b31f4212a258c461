import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { SOURCE } from './template.ts';

const START_MS = 30_000;
/** Above all that are written after them. */
const FIRST_NUMBER = 9_999_990;
const WORKER = '/seed/worker';
const SHIPYARD = (project: string): string => `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: ${project}}
spec:
  stages:
    - name: dev
      sequences: [{name: delivery, tasks: [{name: build}]}]
    - name: prod
      sequences: [{name: rollout, tasks: [{name: release}]}]
`;

/** How a run ended, and of so many runs of a hundred. */
const kinds = [
  { sequence: 'dev.delivery', task: 'build', result: 'pass', message: 'built in the usual time', share: 55 },
  { sequence: 'dev.delivery', task: 'build', result: 'warning', message: 'two checks were skipped', share: 8 },
  { sequence: 'dev.delivery', task: 'build', result: 'fail', message: 'three tests fail', share: 12 },
  { sequence: 'prod.rollout', task: 'release', result: 'pass', message: 'all replicas are ready', share: 20 },
  { sequence: 'prod.rollout', task: 'release', result: 'fail', message: 'the health check timed out', share: 5 },
] as const;

export type Made = { run: string; share: number };

/** Has a control plane on `data` run one sequence of each kind, through its public door, and ends it again. */
export async function makeTemplates(data: string, project: string): Promise<Made[]> {
  const args = ['serve', '--listen', '127.0.0.1:0', '--data', data, '--log-level', 'warn'];
  const child = spawn(process.execPath, [join(ROOT, 'cli/bin/slipway.js'), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  try {
    const ask = askAt(await readyUrl(child));
    await ask('PUT', `/v1/projects/${project}/shipyard`, SHIPYARD(project), 'application/yaml');
    const made: Made[] = [];
    for (const [index, kind] of kinds.entries())
      made.push({ run: await runOne(ask, { ...kind, number: FIRST_NUMBER + index, project }), share: kind.share });
    return made;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

type Ask = <T>(method: string, path: string, body: object | string, type?: string) => Promise<T>;
type Kind = { sequence: string; task: string; result: string; message: string; number: number; project: string };

async function runOne(ask: Ask, kind: Kind): Promise<string> {
  const { sequence, task, result, message, number, project } = kind;
  const trigger = {
    specversion: '1.0',
    id: `trigger-${number}`,
    source: SOURCE,
    type: `${sequence}.triggered`,
    data: { project, service: 'service-000', labels: { build: `build-${number}`, team: 'team-0' } },
  };
  const accepted = await ask<{ items: { run: string }[] }>('POST', '/v1/events', trigger, EVENT);
  const [attempt] = await ask<{ id: string }[]>('POST', `/v1/tasks/${task}/claim?wait=10s`, {
    source: WORKER,
    project,
  });
  const answer = {
    specversion: '1.0',
    id: `answer-${number}`,
    source: WORKER,
    type: `${task}.finished`,
    causationid: attempt?.id,
    data: { result, message, [task]: { image: `registry.example/shop:build-${number}`, seconds: 41 } },
  };
  await ask('POST', '/v1/events', answer, EVENT);
  return accepted.items[0]?.run ?? '';
}

const EVENT = 'application/cloudevents+json';

function askAt(url: string): Ask {
  return async <T>(method: string, path: string, body: object | string, type = 'application/json') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(url + path, { method, headers: { 'content-type': type }, body: text });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const limit = setTimeout(() => reject(new Error(`slipway serve did not start: ${output}`)), START_MS);
    child.once('exit', (code) => reject(new Error(`slipway serve ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const url = /listens on (http:\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(limit);
      resolve(url);
    });
  });
}
