import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { isObject } from '@slipway/contract';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { LocalBus } from '../../src/bus/local/index.ts';
import type { HttpOptions } from '../../src/http/index.ts';
import { startHttp } from '../../src/http/index.ts';
import { parseTokens, type Token } from '../../src/http/token-file.ts';
import { makePost } from '../../src/outbound/post.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { ControlPlane } from '../../src/runtime/control-plane.ts';
import type { PlaneLimits } from '../../src/runtime/limits.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/** A control plane on a real SQLite file, behind the real door. */
export type TestDoor = AsyncDisposable & {
  url: string;
  port: number;
  plane: Awaited<ReturnType<typeof startPlane>>;
  store: Store;
  /** What was logged, parsed; `raw` as it was written. */
  log: { lines(): Record<string, unknown>[]; raw(): string };
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** Only the door: its plane stays for the next one. */
  close(): Promise<void>;
};

export type AskOptions = { headers?: Record<string, string | string[]>; body?: string | Uint8Array; agent?: Agent };
export type Answer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body as JSON; undefined when it is none. */
  json: unknown;
};

export type TestDoorOptions = {
  tokens?: string;
  limits?: HttpOptions['limits'];
  planeLimits?: Partial<PlaneLimits>;
  intakeProblem?: () => string | undefined;
  /** Sinks of push subscriptions on this machine are let through. */
  pushPrivate?: boolean;
  webRoot?: string;
  /** A store that other control planes use as well, in place of a SQLite file of its own. */
  shared?: () => Promise<Store>;
  /** Takes the place of these deeds of the control plane, for what cannot be brought about from outside. */
  instead?: Partial<ControlPlane>;
};

export async function openDoor(options: TestDoorOptions = {}): Promise<TestDoor> {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-http-'));
  let written = '';
  const log = pino(
    { level: 'debug' },
    new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    }),
  );
  const store = await (options.shared?.() ?? openSqliteStore({ dir }));
  const plane = await startPlane({
    store,
    bus: new LocalBus(),
    clock: systemClock,
    shared: options.shared !== undefined,
    log,
    post: makePost({ allowPrivate: options.pushPrivate ?? false }),
    limits: { ...PATIENT, ...options.planeLimits },
    intakeProblem: options.intakeProblem,
  });
  const door = await startHttp({
    plane: options.instead === undefined ? plane : withDeeds(plane, options.instead),
    listen: { host: '127.0.0.1', port: 0 },
    tokens: options.tokens === undefined ? [] : tokensOf(options.tokens),
    log,
    metrics: new Registry(),
    webRoot: options.webRoot,
    limits: options.limits,
  });
  const port = Number(new URL(door.url).port);
  const agent = new Agent({ keepAlive: true });
  let closed = false;
  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    await door.close();
  }
  return {
    url: door.url,
    port,
    plane,
    store,
    log: {
      raw: () => written,
      lines: () =>
        written
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line)),
    },
    ask: (method, path, ask = {}) => askPort(port, method, path, { agent, ...ask }),
    close,
    async [Symbol.asyncDispose]() {
      await close();
      // Not before: what the door answered at its end may still be on its way.
      agent.destroy();
      await plane.close();
      // A test may have taken the store away.
      await store.close().catch(() => undefined);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A test is about overload only when it says so: a busy machine is none. */
const NEVER_MS = [3_600_000, 3_600_000, 3_600_000] as const;
const PATIENT = { waitMaxMs: NEVER_MS, lagMaxMs: NEVER_MS };

function withDeeds(plane: ControlPlane, instead: Partial<ControlPlane>): ControlPlane {
  return new Proxy(plane, {
    get(target, key) {
      const deed: unknown = Reflect.get(Object.hasOwn(instead, key) ? instead : target, key);
      return typeof deed === 'function' ? deed.bind(target) : deed;
    },
  });
}

function tokensOf(text: string): Token[] {
  const read = parseTokens(text);
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return read.tokens;
}

/** By node:http and not by fetch, which would put a path in order and sets Host itself. */
function askPort(port: number, method: string, path: string, options: AskOptions): Promise<Answer> {
  const { headers = {}, body, agent } = options;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const req = request({ host: '127.0.0.1', port, method, path, agent, headers: { ...length, ...headers } }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: parse(text) });
      });
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes bytes to the port (and `reply` once something came back) and reads `until` it is there, or the other side closes. */
export function rawExchange(
  port: number,
  text: string,
  { until, reply }: { until?: RegExp; reply?: string } = {},
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let read = '';
    const finish = (closed: boolean): void => {
      socket.destroy();
      resolve({ text: read, closed });
    };
    socket.setTimeout(QUIET_MS, () => finish(false));
    socket.on('data', (chunk) => {
      read += chunk.toString('latin1');
      if (reply !== undefined && read === chunk.toString('latin1')) socket.write(reply);
      if (until?.test(read)) finish(false);
    });
    socket.on('close', () => finish(true));
    socket.on('error', (error: Error & { code?: string }) =>
      error.code === 'ECONNRESET' ? finish(true) : reject(error),
    );
    socket.write(text);
  });
}

/** Nothing is said for so long: nothing will be. */
const QUIET_MS = 20_000;

export const EVENT_TYPE = { 'content-type': 'application/cloudevents+json' };
export const BATCH_TYPE = { 'content-type': 'application/cloudevents-batch+json' };
export const JSON_TYPE = { 'content-type': 'application/json' };

export const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: build
            - name: test
        - name: quick
          tasks:
            - name: build
`;

export async function putShipyard(
  door: TestDoor,
  project: string,
  headers: Record<string, string> = {},
): Promise<void> {
  const answer = await door.ask('PUT', `/v1/projects/${project}/shipyard`, {
    headers: { 'content-type': 'application/yaml', ...headers },
    body: SHIPYARD,
  });
  if (answer.status !== 201 && answer.status !== 200) throw new Error(`the shipyard was refused: ${answer.text}`);
}

let count = 0;

/** A trigger as an object, so that a test can spoil it. */
export function trigger(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    specversion: '1.0',
    id: `trigger-${++count}`,
    source: '/test',
    type: 'dev.quick.triggered',
    data: { project: 'shop', service: 'carts' },
    ...more,
  };
}

export function post(door: TestDoor, event: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return door.ask('POST', '/v1/events', { headers: { ...EVENT_TYPE, ...headers }, body: JSON.stringify(event) });
}

/** The run that a trigger started. */
export async function startRun(door: TestDoor, event = trigger()): Promise<string> {
  const answer = await post(door, event);
  const run = field(field(field(answer.json, 'items'), 0), 'run');
  if (typeof run !== 'string') throw new Error(`no run was started: ${answer.text}`);
  return run;
}

/** Claims one attempt and gives its triggered event. */
export async function claimOne(door: TestDoor, task: string, source = '/worker'): Promise<Record<string, unknown>> {
  const answer = await door.ask('POST', `/v1/tasks/${task}/claim?wait=30s`, {
    headers: JSON_TYPE,
    body: JSON.stringify({ source }),
  });
  const event = field(answer.json, 0);
  if (!isObject(event)) throw new Error(`nothing to claim: ${answer.status} ${answer.text}`);
  return event;
}

export function finished(
  attempt: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const task = String(attempt.type).replace('.triggered', '');
  return {
    specversion: '1.0',
    id: `finished-${++count}`,
    source: '/worker',
    type: `${task}.finished`,
    causationid: attempt.id,
    data: { result: 'pass' },
    ...more,
  };
}

export function field(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isObject(value) ? value[key] : undefined;
}
