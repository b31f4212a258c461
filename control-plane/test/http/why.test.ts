import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimOne, field, finished, openDoor, post, startRun, type TestDoor, trigger } from './door.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door[Symbol.asyncDispose]());

async function start(project: string, tasks: string, keys = ''): Promise<() => Promise<string>> {
  const body = `spec: {stages: [{name: dev, sequences: [{name: quick, ${keys} tasks: ${tasks}}]}]}`;
  const put = await door.ask('PUT', `/v1/projects/${project}/shipyard`, { body });
  expect([200, 201], put.text).toContain(put.status);
  return () => startRun(door, trigger({ data: { project, service: 'carts' } }));
}

async function sentences(run: string): Promise<unknown[]> {
  const reasons = field((await door.ask('GET', `/v1/runs/${run}/why`)).json, 'reasons');
  return Array.isArray(reasons) ? reasons.map((reason) => field(reason, 'sentence')) : [];
}

test('a start timeout that runs is told, with its end', async () => {
  const begin = await start('timed', '[{name: nobody-does, startTimeout: 2h}]');
  const run = await begin();
  expect(await sentences(run)).toEqual([
    expect.stringMatching(/^No service is connected for task 'nobody-does'\. It is given up in (2h|1h59m.*)\.$/),
  ]);
  const why = await door.ask('GET', `/v1/runs/${run}/why`);
  expect(field(field(field(why.json, 'reasons'), 0), 'until')).toBeGreaterThan(Date.now());
});

test('a run that was aborted is not told to have passed', async () => {
  const run = await (await start('given-up', '[{name: nobody-does}]'))();
  await door.ask('POST', `/v1/runs/${run}/abort`);
  expect(await sentences(run)).toEqual(['It waits for nothing: it was aborted.']);
});

test('a task that wants two services says how many have begun, and how many have answered', async () => {
  const run = await (await start('two', '[{name: both, executors: 2}]'))();
  const attempt = await claimOne(door, 'both');
  const works = expect.stringMatching(/^\/worker works on 'both' since /);
  const wanted = "'both' has 0 of 2 answers, and 1 of 2 services have begun.";
  await expect.poll(() => sentences(run), { timeout: 20_000 }).toEqual([works, wanted]);
  await post(door, finished(attempt));
  await expect
    .poll(() => sentences(run), { timeout: 20_000 })
    .toEqual(["'both' has 1 of 2 answers, and 1 of 2 services have begun."]);
});

test('no run waits for itself: not while it is paused, and the run before it has ended', async () => {
  const begin = await start('one-by-one', '[{name: hold}]', 'concurrency: {},');
  // Between the end of the one and the beginning of the other are milliseconds: one look may miss them.
  for (let round = 0; round < 10; round++) {
    const [first, second] = [await begin(), await begin()];
    await door.ask('POST', `/v1/runs/${second}/pause`);
    await post(door, finished(await claimOne(door, 'hold')));
    let told: unknown[] = [];
    do {
      told = await sentences(second);
      expect(told.join(' ')).not.toContain(second);
    } while (told.join(' ').includes(first));
    await door.ask('POST', `/v1/runs/${second}/abort`);
  }
});

test('of a run that has failed, the task, its attempts and what it kept from running are named', async () => {
  const run = await (await start('failing', '[{name: build}, {name: ship}, {name: tell}]'))();
  await post(door, finished(await claimOne(door, 'build'), { data: { result: 'fail', message: 'no space' } }));
  expect(await sentences(run)).toEqual([
    'It waits for nothing: it ended with fail (succeeded): no space.',
    "Task 'build' ended with fail (succeeded). A task that fails keeps those behind it from running: 'ship'.",
  ]);
  const view = await door.ask('GET', `/v1/runs/${run}`);
  expect(view.json).toMatchObject({
    tasks: [
      { key: 'build' },
      { key: 'ship', state: 'skipped', reason: "Task 'build' before it ended with fail (succeeded)." },
      { key: 'tell', state: 'skipped', reason: "Task 'ship' before it was skipped." },
    ],
  });
});

test('a task that failed by its own expression says so, and its message keeps its lines', async () => {
  const run = await (await start('expressed', '[{name: build, with: {a: "${{ data.missing.deep }}"}}]'))();
  const tasks = field((await door.ask('GET', `/v1/runs/${run}`)).json, 'tasks');
  expect(field(tasks, 0)).toMatchObject({
    ...{ state: 'finished', result: 'fail', status: 'errored', attempts: [] },
    ...{ error: { code: 'EXPRESSION' }, message: expect.stringMatching(/\n.*\^/s) },
  });
});

test('an attempt whose lease lapsed is replaced: the third of two is the third of as many as there may be', async () => {
  const run = await (await start('lapsing', '[{name: lapse}]'))();
  const claim = { headers: { 'content-type': 'application/json' }, body: '{"source":"/silent"}' };
  for (let round = 0; round < 2; round++) await door.ask('POST', '/v1/tasks/lapse/claim?wait=30s&lease=1s', claim);
  await claimOne(door, 'lapse');
  const tasks = field((await door.ask('GET', `/v1/runs/${run}`)).json, 'tasks');
  expect(field(tasks, 0)).toMatchObject({ attemptsMax: 3, attempts: [{ number: 1 }, { number: 2 }, { number: 3 }] });
});
