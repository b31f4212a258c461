import type { Client, CloudEvent } from '@slipway/sdk';
import { type Decision, readDecision } from './decision.ts';

const PROJECT = 'quality-gate';
const DELIVERY_MAX_S = 120;
const PROMOTION_MAX_S = 60;

export interface Delivered {
  readonly build: string;
  readonly result: string;
  readonly decision: Decision;
  /** The result of the run in production; undefined when the build was not promoted. */
  readonly promotion: string | undefined;
}

/** Sends a build on its way, tells what happens to it, and comes back with what became of it. */
export async function deliver(client: Client, build: string, say: (line: string) => void): Promise<Delivered> {
  const watching = new AbortController();
  const { run, correlationid } = await client.trigger({
    ...{ project: PROJECT, stage: 'staging', sequence: 'delivery', service: 'shop' },
    ...{ labels: { build }, data: { build } },
  });
  const { items } = await client.listRunEvents({ run, limit: 1 });
  const position = items[0]?.position;
  const from = position === undefined ? {} : { lastEventId: position };
  const told = tell(client, { correlationid, from, say, signal: watching.signal });
  try {
    const { result = 'unknown', message } = await ended(client, run, DELIVERY_MAX_S);
    const evaluated = await lastOf(client, correlationid, 'evaluate.finished');
    if (evaluated === undefined) throw new Error(`build ${build} was not evaluated: ${message ?? result}`);
    const promotion = result === 'pass' ? await promoted(client, run) : undefined;
    return { build, result, decision: readDecision(evaluated.evaluate), promotion };
  } finally {
    watching.abort();
    await told;
  }
}

async function ended(client: Client, run: string, seconds: number) {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; ) {
    const view = await client.getRun({ run });
    if (view.state === 'finished') return view;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { reasons } = await client.whyRun({ run });
  throw new Error(`run ${run} did not end within ${seconds} s: ${reasons.map(({ sentence }) => sentence).join('; ')}`);
}

/** The run that the end of this one triggered, at its end. */
async function promoted(client: Client, run: string): Promise<string | undefined> {
  const { triggers } = await client.getRun({ run });
  const [next] = triggers;
  if (next === undefined) return undefined;
  for (let look = 0; look < 50; look += 1) {
    const known = await client.listRuns({ project: PROJECT, stage: next.stage, sequence: next.sequence });
    if (known.items.some(({ id }) => id === next.run)) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return (await ended(client, next.run, PROMOTION_MAX_S)).result;
}

async function lastOf(
  client: Client,
  correlationid: string,
  type: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { items } = await client.listEvents({ project: PROJECT, correlationid, type, limit: 1 });
  return dataOf(items[0]?.event);
}

const SIGNS: Readonly<Record<string, string>> = { pass: '✓', warning: '!', fail: '✕' };

/** One line for each task that begins or ends. */
async function tell(
  client: Client,
  about: { correlationid: string; from: { lastEventId?: string }; say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const { correlationid, from, say, signal } = about;
  for await (const item of client.stream({ kind: 'event', correlationid }, { ...from, signal })) {
    if (item.kind !== 'event') continue;
    const { type } = item.event.event;
    const data = dataOf(item.event.event);
    const [task = '', phase = '', last] = String(type).split('.');
    if (phase === 'triggered' && last === undefined) say(`  … ${data.stage}: ${task}`);
    if (phase === 'finished' && last === undefined) {
      say(`  ${SIGNS[String(data.result)] ?? '·'} ${data.stage}: ${task} ${resultOf(task, data)}`);
    }
  }
}

function resultOf(task: string, data: Readonly<Record<string, unknown>>): string {
  const output = dataOf({ data: data[task] });
  if (typeof data.message === 'string' && data.message !== '') return `${data.result}: ${data.message}`;
  if (task === 'deploy')
    return `${data.result}: build ${output.build} runs at ${output.address}, process ${output.pid}`;
  if (task === 'test') return `${data.result}: ${output.sent} requests, ${output.failed} failed`;
  return String(data.result);
}

function dataOf(
  event: Pick<CloudEvent, 'data'> | Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const data = event?.data;
  return typeof data === 'object' && data !== null ? { ...data } : {};
}
