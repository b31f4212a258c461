import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../tools/test-servers.ts';
import { type RunningControlPlane, startControlPlane } from '../../src/main.ts';

export type Answer = { status: number; body: unknown };

/** A control plane with Keptn's routes on both addresses, in this process. */
export class KeptnDoorWorld implements AsyncDisposable {
  readonly #plane: RunningControlPlane;
  readonly #dir: string;
  readonly gateway: string;
  readonly internal: string;

  private constructor(plane: RunningControlPlane, dir: string, internal: string) {
    this.#plane = plane;
    this.#dir = dir;
    this.gateway = plane.url;
    this.internal = internal;
  }

  static async start(
    options: {
      natsUrl?: string | undefined;
      tokenFile?: string | undefined;
      keptnListen?: { host: string; port: number };
    } = {},
  ): Promise<KeptnDoorWorld> {
    const dir = mkdtempSync(join(tmpdir(), 'slipway-keptn-'));
    const keptnListen = options.keptnListen ?? { host: '127.0.0.1', port: await freePort() };
    const plane = await startControlPlane({
      listen: { host: '127.0.0.1', port: 0 },
      keptnListen,
      dataDir: dir,
      natsUrl: options.natsUrl,
      mongoUrl: undefined,
      tokenFile: options.tokenFile,
      logLevel: 'silent',
      diskReserve: 0,
    });
    return new KeptnDoorWorld(plane, dir, `http://${keptnListen.host}:${keptnListen.port}`);
  }

  /** Asks one of Keptn's routes; a body is sent as JSON. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    options: { token?: string; inside?: boolean } = {},
  ): Promise<Answer> {
    const base = options.inside === true ? this.internal : this.gateway;
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(options.token === undefined ? {} : { 'x-token': options.token }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  async trigger(type: string, data: Record<string, unknown>): Promise<string> {
    const { status, body } = await this.ask('POST', '/api/v1/event', {
      type: `sh.keptn.event.${type}.triggered`,
      source: 'ci',
      data,
    });
    if (status !== 200) throw new Error(`${type}: ${JSON.stringify(body)}`);
    return (body as { keptnContext: string }).keptnContext;
  }

  async open(task: string, query = ''): Promise<Record<string, unknown>[]> {
    const path = `/api/controlPlane/v1/event/triggered/sh.keptn.event.${task}.triggered${query}`;
    return ((await this.ask('GET', path)).body as { events: Record<string, unknown>[] }).events;
  }

  /** Waits until an attempt of this task is open in this context. */
  async awaitOpen(task: string, context: string): Promise<Record<string, unknown>> {
    for (const until = Date.now() + 30_000; Date.now() < until; await sleep(20)) {
      const found = (await this.open(task)).find((event) => event.shkeptncontext === context);
      if (found !== undefined) return found;
    }
    throw new Error(`no attempt of ${task} was opened`);
  }

  /** Answers an open attempt as a remote service of Keptn does: started, then finished. */
  async work(
    event: Record<string, unknown>,
    data: Record<string, unknown> = {},
    source = 'remote-service',
  ): Promise<void> {
    const task = String(event.type).split('.').at(-2);
    for (const phase of ['started', 'finished']) {
      const answer = {
        type: `sh.keptn.event.${task}.${phase}`,
        source,
        specversion: '1.0',
        shkeptncontext: event.shkeptncontext,
        triggeredid: event.id,
        contenttype: 'application/json',
        data: { ...(event.data as object), labels: null, status: 'succeeded', result: 'pass', message: '', ...data },
      };
      const { status } = await this.ask('POST', '/api/v1/event', answer);
      if (status !== 200) throw new Error(`${task}.${phase} was answered ${status}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plane.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
