import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startNats } from '../../../tools/test-servers.ts';
import { KeptnDoorWorld } from './keptn-door-world.ts';

const SHIPYARD = `apiVersion: "spec.keptn.sh/0.2.3"
kind: "Shipyard"
metadata: {name: "x"}
spec: {stages: [{name: "dev", sequences: [{name: "go", tasks: [{name: "approval"}, {name: "after"}]}]}]}
`;

async function project(world: KeptnDoorWorld, name: string): Promise<void> {
  const shipyard = Buffer.from(SHIPYARD).toString('base64');
  await world.ask('POST', '/api/controlPlane/v1/project', { name, shipyard });
}

async function answer(
  world: KeptnDoorWorld,
  event: Record<string, unknown>,
  phase: string,
  source: string,
  id: string,
  data: object = {},
) {
  const type = String(event.type).replace(/triggered$/, phase);
  const { project, stage, service } = event.data as Record<string, string>;
  const body = {
    id,
    type,
    source,
    shkeptncontext: event.shkeptncontext,
    triggeredid: event.id,
    data: { project, stage, service, ...data },
  };
  const { status } = await world.ask('POST', '/api/v1/event', body);
  expect(status).toBe(200);
}

test('a task that one service started and another finished is done, as a manual approval in Keptn is', async () => {
  await using world = await KeptnDoorWorld.start();
  await project(world, 'approved');
  const context = await world.trigger('dev.go', { project: 'approved', stage: 'dev', service: 'web' });
  const event = await world.awaitOpen('approval', context);
  await answer(world, event, 'started', 'approval-service', 's1');
  await answer(world, event, 'finished', 'https://github.com/keptn/keptn/cli', 'f1', {
    result: 'pass',
    status: 'succeeded',
  });
  await answer(world, event, 'finished', 'https://github.com/keptn/keptn/cli', 'f1', {
    result: 'pass',
    status: 'succeeded',
  });
  await world.work(await world.awaitOpen('after', context));
  const path = `/api/mongodb-datastore/event?keptnContext=${context}&type=sh.keptn.event.dev.go.finished`;
  await expect
    .poll(async () => ((await world.ask('GET', path)).body as { events: unknown[] }).events)
    .toMatchObject([{ data: { result: 'pass', status: 'succeeded' } }]);
});

test('a source that started twice has to finish twice', async () => {
  await using world = await KeptnDoorWorld.start();
  await project(world, 'twice');
  const context = await world.trigger('dev.go', { project: 'twice', stage: 'dev', service: 'web' });
  const event = await world.awaitOpen('approval', context);
  for (const id of ['s1', 's1', 's2']) await answer(world, event, 'started', 'webhook-service', id);
  await answer(world, event, 'finished', 'called-system', 'f1', { result: 'pass', status: 'succeeded' });
  await answer(world, event, 'finished', 'called-system', 'f1', { result: 'pass', status: 'succeeded' });
  expect((await world.open('approval')).map(({ id }) => id)).toEqual([event.id]);
  await answer(world, event, 'finished', 'called-system', 'f2', { result: 'warning', status: 'succeeded' });
  await world.awaitOpen('after', context);
});

test("a trigger's gitcommitid is that of all its tasks", async () => {
  await using world = await KeptnDoorWorld.start();
  await project(world, 'pinned');
  const event = {
    type: 'sh.keptn.event.dev.go.triggered',
    source: 'ci',
    gitcommitid: 'abc123',
    data: { project: 'pinned', stage: 'dev', service: 'web' },
  };
  const { keptnContext } = (await world.ask('POST', '/api/v1/event', event)).body as { keptnContext: string };
  expect((await world.awaitOpen('approval', keptnContext)).gitcommitid).toBe('abc123');
});

test('a trigger that is sent again is published once: services on core NATS would do the task twice', async () => {
  await using nats = await startNats();
  await using world = await KeptnDoorWorld.start({ natsUrl: nats.url });
  await project(world, 'once');
  const connection = await connect({ servers: nats.url });
  const heard: string[] = [];
  connection.subscribe('sh.keptn.event.approval.triggered', {
    callback: (_error, message) => {
      heard.push(String(message.json<{ id: string }>().id));
    },
  });
  connection.subscribe('sh.keptn.event.after.triggered', {
    callback: (_error, message) => {
      heard.push(String(message.json<{ id: string }>().id));
    },
  });
  await connection.flush();
  const event = {
    id: 'again',
    type: 'sh.keptn.event.dev.go.triggered',
    source: 'ci',
    data: { project: 'once', stage: 'dev', service: 'web' },
  };
  const sent = await world.ask('POST', '/api/v1/event', event);
  const { keptnContext } = sent.body as { keptnContext: string };
  const attempt = await world.awaitOpen('approval', keptnContext);
  for (let repeat = 0; repeat < 5; repeat += 1)
    await world.ask('POST', '/api/v1/event', { ...event, shkeptncontext: keptnContext });
  // What follows is published after anything that the repeats caused.
  await world.work(attempt);
  await expect.poll(() => heard.length).toBeGreaterThan(1);
  expect(heard.filter((id) => id === attempt.id)).toHaveLength(1);
  await connection.close();
});
