import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createClient, defineTask, serve, silentLogger } from '@slipway/sdk';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { ControlPlane } from '../../../sdk/typescript/test/control-plane.ts';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const example = readFileSync(new URL('../../../shipyard-examples/photos.yaml', import.meta.url), 'utf8');
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

test('the example of photos runs through its process, and hands on to evaluate what it judges by', async () => {
  await using plane = await ControlPlane.start();
  const client = createClient({ server: plane.url });
  await client.putShipyard({ project: 'photos', body: example });
  started.push(
    spawn(process.execPath, [program], { env: { ...process.env, SLIPWAY_SERVER: plane.url }, stdio: 'ignore' }),
  );
  const judged: Record<string, number>[] = [];
  const evaluate = defineTask({
    name: 'evaluate',
    input: z.object({
      values: z.record(z.string(), z.number()),
      slo: z.looseObject({ objectives: z.array(z.unknown()) }),
    }),
    output: z.object({}),
    run: ({ values }) => {
      judged.push(values);
      return {};
    },
  });
  const judge = serve({ tasks: [evaluate], server: plane.url, log: silentLogger, signals: false });
  const look = (image: string) =>
    client.trigger({ project: 'photos', stage: 'dev', sequence: 'authenticity', data: { image }, waitS: 60 });

  expect(await look('harbour.jpg')).toMatchObject({
    result: 'pass',
    output: { camera: 'Fernblick F2', place: 'Hamburg', country: 'DE', unknownAuthors: [] },
  });
  expect(await look('meadow.jpg')).toMatchObject({
    state: 'finished',
    output: { place: null, camera: 'Kestrel Optics K-100' },
  });
  expect(await look('bare.jpg')).toMatchObject({ state: 'finished', output: { camera: 'unknown', authors: [] } });
  expect(await look('retouched.jpg')).toMatchObject({ output: { unknownAuthors: ['Nobody Inparticular'] } });
  expect(judged).toEqual([
    { has_metadata: 1, has_position: 1, unedited: 1, known_authors: 2, unknown_authors: 0 },
    { has_metadata: 1, has_position: 0, unedited: 1, known_authors: 1, unknown_authors: 0 },
    { has_metadata: 0, has_position: 0, unedited: 1, known_authors: 0, unknown_authors: 0 },
    { has_metadata: 1, has_position: 1, unedited: 0, known_authors: 1, unknown_authors: 1 },
  ]);

  // A photo that is not there fails at once: no repeat would find it.
  const missing = await look('nothing.jpg');
  expect(missing).toMatchObject({ state: 'finished', result: 'fail', status: 'errored' });
  const [task] = (await client.getRun({ run: missing.run })).tasks;
  expect(task?.attempts.map(({ error }) => error?.code)).toEqual(['NOT_FOUND']);
  await judge.close();
  client.close();
});
