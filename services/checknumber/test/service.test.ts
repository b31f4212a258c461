import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createClient } from '@slipway/sdk';
import { afterEach, expect, test } from 'vitest';
import { ControlPlane } from '../../../sdk/typescript/test/control-plane.ts';
import { startNats } from '../../../tools/test-servers.ts';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const example = readFileSync(new URL('../../../shipyard-examples/checknumber.yaml', import.meta.url), 'utf8');
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

test.each(['claim', 'nats', 'push'] as const)(
  'its process serves the example by %s, and ends with 0 on SIGTERM',
  async (connect) => {
    const nats = connect === 'nats' ? await startNats() : undefined;
    await using plane = await ControlPlane.start(nats === undefined ? {} : { nats: nats.url });
    const client = createClient({ server: plane.url });
    await client.putShipyard({ project: 'checknumber', body: example });
    const env = { ...process.env, SLIPWAY_SERVER: plane.url, SLIPWAY_CONNECT: connect, SLIPWAY_NATS: nats?.url };
    const service = spawn(process.execPath, [program], { env, stdio: 'ignore' });
    started.push(service);
    const check = (number: string) =>
      client.trigger({
        project: 'checknumber',
        stage: 'dev',
        sequence: 'sequence-one',
        data: { checknumber: { number } },
        waitS: 60,
      });
    if (connect === 'push') {
      // A subscription begins with what comes after it.
      while ((await client.listSubscriptions()).items.length === 0)
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await check('+49 30 901820')).toMatchObject({ result: 'pass', output: { checknumber: { country: 'DE' } } });
    expect(await check('not a number')).toMatchObject({ state: 'finished', result: 'fail' });
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    client.close();
    await nats?.stop();
  },
);
