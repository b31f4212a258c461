import { expect, test } from 'vitest';
import { claimOne, field, finished, openDoor, post, startRun, trigger } from './door.ts';

const STAGES = 100;

test('a chain of 100 stages runs to its end', async () => {
  await using door = await openDoor();
  const stages = Array.from({ length: STAGES }, (_, at) => ({
    name: `s${at}`,
    sequences: [
      {
        name: 'go',
        ...(at === 0 ? {} : { triggeredOn: [{ event: `s${at - 1}.go.finished` }] }),
        tasks: [{ name: 'work' }],
      },
    ],
  }));
  const shipyard = { apiVersion: 'slipway.dev/v1', kind: 'Shipyard', metadata: { name: 'long' }, spec: { stages } };
  const headers = { 'content-type': 'application/yaml' };
  const put = await door.ask('PUT', '/v1/projects/long/shipyard', { headers, body: JSON.stringify(shipyard) });
  expect([put.status, field(put.json, 'warnings')]).toEqual([201, []]);
  await startRun(door, trigger({ type: 's0.go.triggered', data: { project: 'long' } }));
  for (let at = 0; at < STAGES; at++) await post(door, finished(await claimOne(door, 'work')));
  const counts = async () => (await door.ask('GET', '/v1/run-counts?project=long&state=passed')).json;
  await expect.poll(counts).toMatchObject({ total: STAGES });
});
