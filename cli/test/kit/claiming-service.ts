/**
 * A small task service over claims, without the SDK. The environment variable FAULT plants one of the mistakes that authors
 * make; the kit has to catch it.
 */
import { randomUUID } from 'node:crypto';

const { SLIPWAY_SERVER: server = '', SLIPWAY_TOKEN: token = '', FAULT: fault = 'none' } = process.env;
const source = `/claiming/${process.pid}`;
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const answered = new Map<string, string>();
const running = new Set<string>();
const ending = new AbortController();

interface Trigger {
  id: string;
  type: string;
  correlationid?: string;
  traceparent?: string;
  data?: Record<string, unknown>;
}

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    if (fault === 'ends-at-once' || ending.signal.aborted) process.exit(0);
    ending.abort();
  });
}

while (!ending.signal.aborted) {
  for (const trigger of await claim()) void work(trigger);
}

async function claim(): Promise<Trigger[]> {
  const url = `${server}/v1/tasks/kit/claim?wait=10s&max=20&lease=30s`;
  try {
    const body = JSON.stringify({ source });
    const response = await fetch(url, { method: 'POST', headers, body, signal: ending.signal });
    const found: unknown = response.status === 200 ? await response.json() : [];
    if (response.status >= 400) await pause(100);
    return Array.isArray(found) ? found : [];
  } catch {
    await pause(100);
    return [];
  }
}

async function work(trigger: Trigger): Promise<void> {
  if (running.has(trigger.id)) return;
  const kept = answered.get(trigger.id);
  if (kept !== undefined) return send(kept);
  running.add(trigger.id);
  const input = inputOf(trigger);
  if (input.do === 'sleep') await pause(Number(input.ms));
  const task = trigger.type.split('.').at(-2) ?? '';
  const event = JSON.stringify({
    ...{ specversion: '1.0', id: randomUUID(), source, type: `${task}.finished` },
    ...{ causationid: trigger.id, correlationid: trigger.correlationid, traceparent: trigger.traceparent },
    ...(fault === 'no-cause' ? { causationid: undefined } : {}),
    data: { [task]: { text: input.text, nonce: Math.random() } },
  });
  if (fault !== 'no-ledger') answered.set(trigger.id, event);
  await send(event);
  running.delete(trigger.id);
}

function inputOf({ data = {} }: Trigger): Record<string, unknown> {
  const { kit } = data;
  return typeof kit === 'object' && kit !== null ? { ...kit } : {};
}

async function send(body: string): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(`${server}/v1/events`, {
        ...{ method: 'POST', body, headers: { ...headers, 'content-type': 'application/cloudevents+json' } },
      });
      if (response.status < 400 || (response.status < 500 && ![401, 403, 408, 425, 429].includes(response.status)))
        return;
    } catch {
      // No answer: it may have been taken, or not.
    }
    if (fault === 'no-repeat') return;
    await pause(200);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
