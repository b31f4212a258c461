import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimOne, field, finished, JSON_TYPE, openDoor, post, putShipyard, startRun, type TestDoor } from './door.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

test('a source that is percent-encoded may claim, and its answer is taken', async () => {
  const source = '/uni/%E6%97%A5';
  const run = await startRun(door);
  const attempt = await claimOne(door, 'build', source);
  expect((await post(door, finished(attempt, { source }))).status).toBe(202);
  const view = await door.ask('GET', `/v1/runs/${run}`);
  expect(view.json).toMatchObject({ phase: 'passed', tasks: [{ attempts: [{ executors: [{ source }] }] }] });
});

test.each(['/uni/日本', '/ümlaut', 'my service', 'a"b', '/a%zz', 'http://[::bad', 'a\u202eb', '/x\u2028', '1:a'])(
  'the source %j is refused in a claim as in an event',
  async (source) => {
    const claim = await door.ask('POST', '/v1/tasks/build/claim', {
      headers: JSON_TYPE,
      body: JSON.stringify({ source }),
    });
    expect([claim.status, field(field(field(claim.json, 'errors'), 0), 'pointer')]).toEqual([400, '/source']);
    const answer = await post(door, finished({ id: 'x.build.1', type: 'build.triggered' }, { source }));
    expect([answer.status, field(answer.json, 'code')]).toEqual([400, 'invalid-attribute']);
  },
);
