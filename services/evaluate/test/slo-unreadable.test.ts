import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@slipway/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startControlPlane } from '../../../control-plane/src/main.ts';
import { cases } from '../../../sdk/evaluation/test/cases.ts';
import { dataOf } from './world.ts';

/** A control plane that refuses the evaluate service its files: the operator forgot a permission of its token. */
const folder = mkdtempSync(join(tmpdir(), 'slipway-unreadable-'));
const stack = new AsyncDisposableStack();
let client: Client;

beforeAll(async () => {
  const tokenFile = join(folder, 'tokens');
  const line = (name: string, permissions: string): string => `${name} ${permissions} sha256:${hash('sha256', name)}\n`;
  writeFileSync(tokenFile, line('admin', '*') + line('evaluate', 'tasks:claim,events:write,projects:read'));
  const plane = await startControlPlane({
    ...{ listen: { host: '127.0.0.1', port: 0 }, dataDir: join(folder, 'data'), logLevel: 'silent' },
    ...{ natsUrl: undefined, mongoUrl: undefined, tokenFile },
  });
  stack.defer(() => plane.close());
  const env = { ...process.env, SLIPWAY_SERVER: plane.url, SLIPWAY_TOKEN: 'evaluate' };
  const service = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], { env, stdio: 'ignore' });
  stack.defer(() => ended(service));
  client = createClient({ server: plane.url, token: 'admin', source: '/test' });
  stack.defer(() => client.close());
}, 120_000);

afterAll(async () => {
  await stack.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function ended(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null) return;
  const exit = once(service, 'exit');
  service.kill('SIGTERM');
  await exit;
}

const unreadable = cases.start.filter(({ name }) => name === 'slo unreadable');

test.each(unreadable)(
  '$name: the end that Keptn sent, with the reason of our own control plane',
  async (recorded) => {
    const { data, expected } = recorded;
    const { project, stage, service } = data;
    const body = `apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: s}\nspec: {stages: [{name: ${stage}, sequences: []}]}\n`;
    await client.putShipyard({ project, body });
    const { run } = await client.trigger({ ...{ project, stage, service, sequence: 'evaluation' }, data: { ...data } });
    await expect.poll(async () => (await client.getRun({ run })).state, { timeout: 60_000 }).toBe('finished');
    const { items } = await client.listRunEvents({ run, limit: 100 });
    const finished = items.find(({ event }) => String(event.type).endsWith('evaluation.finished'))?.event;

    const { type: _, triggeredid: __, message, ...fields } = expected[1] as Record<string, unknown>;
    expect(dataOf(finished)).toMatchObject({ project, stage, service, ...fields });
    const path = `/v1/projects/${project}/stages/${stage}/services/${service}/slo`;
    const why = `GET ${path}: 403 forbidden: the token evaluate lacks the permission resources:read: add it in the token file and restart Slipway, which reads the file at its start`;
    const words = String(message).replace('could not reach resource-service', `${why}; the token needs resources:read`);
    expect(dataOf(finished).message).toBe(words);
  },
  90_000,
);
