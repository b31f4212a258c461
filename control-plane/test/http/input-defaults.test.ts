import { expect, test } from 'vitest';
import { claimOne, field, openDoor, post, startRun, trigger } from './door.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - name: quick
          input:
            required: [image, replicas]
            properties:
              image: {type: string}
              replicas: {type: integer, default: 2}
              limits: {$ref: "#/$defs/limits"}
            $defs: {limits: {type: object, default: {}, properties: {cpu: {type: string, default: 1}, memory: {type: string}}}}
          tasks: [{name: build, with: {replicas: "\${{ input.replicas }}"}}]
`;

test('defaults of an input schema are filled in before it is checked, and what was sent wins', async () => {
  await using door = await openDoor();
  const put = await door.ask('PUT', '/v1/projects/shop/shipyard', {
    body: SHIPYARD.replace('default: 1', 'default: one'),
  });
  expect([put.status, put.text]).toEqual([201, expect.any(String)]);
  const run = await startRun(door, trigger({ data: { project: 'shop', image: 'a:1', limits: { memory: '1Gi' } } }));
  const view = await door.ask('GET', `/v1/runs/${run}`);
  expect(field(field(view.json, 'trigger'), 'data')).toMatchObject({
    ...{ image: 'a:1', replicas: 2, limits: { memory: '1Gi', cpu: 'one' } },
  });
  expect(field((await claimOne(door, 'build')).data, 'build')).toEqual({ replicas: 2 });
  const other = await startRun(door, trigger({ data: { project: 'shop', image: 'a:1', replicas: 5 } }));
  const sent = field(field((await door.ask('GET', `/v1/runs/${other}`)).json, 'trigger'), 'data');
  expect(sent).toMatchObject({ replicas: 5, limits: { cpu: 'one' } });
  expect((await post(door, trigger({ data: { project: 'shop' } }))).status).toBe(422);
});
