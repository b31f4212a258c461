import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createClient } from '../../../sdk/typescript/src/index.ts';
import { ControlPlane } from '../../../sdk/typescript/test/control-plane.ts';

const services = fileURLToPath(new URL('../..', import.meta.url));
const example = readFileSync(join(services, '../shipyard-examples/polyglot.yaml'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'slipway-polyglot-'));
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

test('one sequence goes through TypeScript, Python and bash, each in a process of its own', async () => {
  await using plane = await ControlPlane.start();
  const client = createClient({ server: plane.url });
  await client.putShipyard({ project: 'polyglot', body: example });
  const env = { ...process.env, SLIPWAY_SERVER: plane.url, ARCHIVE_FOLDER: folder };
  const programs = [
    [process.execPath, 'checknumber/src/main.ts'],
    ['python3', 'greeter-python/main.py'],
    ['bash', 'archive-bash/main.sh'],
  ] as const;
  for (const [command, file] of programs) {
    started.push(spawn(command, [join(services, file)], { env, stdio: 'ignore' }));
  }
  const data = { name: 'Ada', number: '+81 3-5321-1111' };
  const run = await client.trigger({ project: 'polyglot', stage: 'dev', sequence: 'welcome', data, waitS: 60 });
  expect(run).toMatchObject({ state: 'finished', result: 'pass', output: { greeting: 'Konnichiwa, Ada!' } });
  const { archived } = run.output as { archived: string };
  const kept = JSON.parse(readFileSync(join(folder, archived), 'utf8'));
  expect(kept.data).toMatchObject({ checknumber: { countryName: 'Japan' }, greet: { language: 'python' } });
  const view = await client.getRun({ run: run.run });
  expect(view.tasks.map(({ attempts }) => attempts[0]?.executors[0]?.source.split('/')[1])).toEqual([
    ...['checknumber', 'greeter-python', 'archive-bash'],
  ]);
  client.close();
});
