import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimOne, field, finished, JSON_TYPE, openDoor, post, startRun, type TestDoor, trigger } from './door.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - {name: quick, tasks: [{name: build}, {name: test}]}
        - {name: bare, tasks: [{name: build}]}
    - name: prod
      sequences:
        - {name: ship, triggeredOn: [{event: dev.quick.finished}], tasks: [{name: put}]}
        - name: strict
          triggeredOn: [{event: dev.bare.finished}]
          input: {type: object, required: [image]}
          tasks: [{name: put}]
`;

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  const headers = { 'content-type': 'application/yaml' };
  const put = await door.ask('PUT', '/v1/projects/shop/shipyard', { headers, body: SHIPYARD });
  expect(put.status).toBe(201);
});
afterAll(() => door[Symbol.asyncDispose]());

const labels = (count: number, name: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, 'x']));
const many = (name: string) => ({
  [name]: Object.fromEntries(Array.from({ length: 6_000 }, (_, at) => [`k${at}`, 1])),
});

test.each<
  [what: string, first: Record<string, unknown>, second: Record<string, unknown>, listed?: Record<string, string>]
>([
  [
    'a label with a dot and a slash',
    { labels: { 'app.kubernetes.io/name': 'web' } },
    {},
    { 'app.kubernetes.io/name': 'web' },
  ],
  ['a label of 1,025 characters', { labels: { note: 'x'.repeat(1_025), team: 'a' } }, {}, { team: 'a' }],
  ['a label of null', { labels: { note: null } }, {}, { note: '' }],
  ['a label that is an object', { labels: { owner: { team: 'a' } } }, {}, { owner: '{"team":"a"}' }],
  ['labels of 65 keys once merged', { labels: labels(40, 'a') }, { labels: labels(25, 'b') }],
  ['labels that are a list', { labels: ['web'] }, {}],
  ['outputs with more than 10,000 keys together', many('build'), many('test')],
  ['a service that is a number', { service: 5 }, {}],
])('an answer with %s carries on to the next stage', async (_what, first, second, listed) => {
  const run = await startRun(door, trigger({ data: { project: 'shop' } }));
  await post(door, finished(await claimOne(door, 'build'), { data: first }));
  await post(door, finished(await claimOne(door, 'test'), { data: second }));
  const put = await claimOne(door, 'put');
  const next = await door.ask('GET', `/v1/runs/${String(put.subject)}`);
  expect(next.json).toMatchObject({ stage: 'prod', sequence: 'ship', triggeredBy: run, phase: expect.any(String) });
  if (listed !== undefined) expect(field(next.json, 'labels')).toEqual(listed);
  expect(field(put.data, 'labels')).toEqual(
    first.labels && second.labels ? { ...first.labels, ...second.labels } : first.labels,
  );
});

test('what cannot go on is a run that has failed, with the reason', async () => {
  await startRun(door, trigger({ type: 'dev.bare.triggered', data: { project: 'shop' } }));
  await post(door, finished(await claimOne(door, 'build')));
  const failed = async () => field((await door.ask('GET', '/v1/runs?sequence=strict&state=failed')).json, 'items');
  await expect.poll(failed).toMatchObject([{ stage: 'prod', message: expect.stringContaining('image') }]);
});

test.each([
  [{ 'app.kubernetes.io/name': 'web' }, 'label.app.kubernetes.io/name=web'],
  [{ 'k=v': '1' }, 'label.k%3Dv=1'],
  [{ $ref: '1' }, 'label.$ref=1'],
  [{ __proto__x: '1', ['__proto__']: 'a' }, 'label.__proto__=a'],
  [{ constructor: '1' }, 'label.constructor=1'],
])('a trigger with the labels %j is taken and listed by them', async (sent, query) => {
  const data = `{"project":"shop","labels":${JSON.stringify(sent)}}`;
  const event = JSON.stringify(trigger({ data: 'DATA' })).replace('"DATA"', data);
  const answer = await door.ask('POST', '/v1/events', {
    headers: { 'content-type': 'application/cloudevents+json' },
    body: event,
  });
  expect(answer.status).toBe(202);
  const run = field(field(field(answer.json, 'items'), 0), 'run');
  const listed = await door.ask('GET', `/v1/runs?${query}`);
  expect(field(field(field(listed.json, 'items'), 0), 'id')).toBe(run);
});

test('a label whose key holds a = is told from one whose value does', async () => {
  const one = await startRun(door, trigger({ data: { project: 'shop', labels: { 'a=b': 'c' } } }));
  const other = await startRun(door, trigger({ data: { project: 'shop', labels: { a: 'b=c' } } }));
  const ids = async (query: string) =>
    ((field((await door.ask('GET', `/v1/runs?${query}`)).json, 'items') ?? []) as unknown[]).map((run) =>
      field(run, 'id'),
    );
  expect(await ids('label.a%3Db=c')).toEqual([one]);
  expect(await ids('label.a=b%3Dc')).toEqual([other]);
});

test('a null label is the empty text, as in Keptn, and labels of null are none', async () => {
  const run = await startRun(door, trigger({ data: { project: 'shop', labels: { note: null } } }));
  expect(field((await door.ask('GET', `/v1/runs/${run}`)).json, 'labels')).toEqual({ note: '' });
  expect((await post(door, trigger({ data: { project: 'shop', labels: null, service: null } }))).status).toBe(202);
});

test.each(['slipway', 'shipyard-controller'])(
  'the source %s is refused at every door, so that nobody can write what the control plane writes',
  async (source) => {
    const run = await startRun(door, trigger({ data: { project: 'shop' } }));
    const id = `${run}.triggers.prod.ship`;
    const forged = trigger({ id, source, type: 'prod.ship.triggered', data: { project: 'shop', image: 'mine' } });
    const single = await post(door, forged);
    expect([single.status, field(single.json, 'code')]).toEqual([422, 'reserved-source']);
    const batch = await door.ask('POST', '/v1/events', {
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify([trigger({ data: { project: 'shop' } }), forged]),
    });
    expect([batch.status, field(batch.json, 'code')]).toEqual([422, 'reserved-source']);
    const claim = await door.ask('POST', '/v1/tasks/build/claim', {
      headers: JSON_TYPE,
      body: JSON.stringify({ source }),
    });
    expect([claim.status, field(claim.json, 'code')]).toEqual([422, 'reserved-source']);
    const other = await post(door, { ...forged, source: '/me' });
    expect([other.status, field(other.json, 'code')]).toEqual([422, 'reserved-id']);
    await door.ask('POST', `/v1/runs/${run}/abort`);
  },
);
