import { type ChildProcess, execSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { ControlPlane } from './control-plane.ts';

const room = fileURLToPath(new URL('..', import.meta.url));
const slipway = join(room, '../../cli/bin/slipway.js');
const readme = readFileSync(join(room, 'README.md'), 'utf8');
// Outside of the clone, where npm takes no package above it for its own; the link stands for what npm would install.
const folder = mkdtempSync(join(tmpdir(), 'slipway-readme-'));
symlinkSync(join(room, '../../node_modules'), join(folder, 'node_modules'));
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** The code block that has this text in it. */
function block(having: string): string {
  const found = [...readme.matchAll(/```\w+\n(.*?)```/gs)].find(([, code]) => code?.includes(having));
  if (found?.[1] === undefined) throw new Error(`no code block of the README has ${having}`);
  return found[1];
}

function node(args: string[], server: string): { child: ChildProcess; output: () => string } {
  const env = { ...process.env, SLIPWAY_SERVER: server };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return { child, output: () => output };
}

async function ended(run: ReturnType<typeof node>): Promise<string> {
  const [code] = await once(run.child, 'exit');
  expect(code, run.output()).toBe(0);
  return run.output();
}

test('the service, the shipyard, the lines to type and the client of the README do what it says', async () => {
  await using plane = await ControlPlane.start();
  const here = (code: string): string => code.replaceAll('http://127.0.0.1:8484', plane.url);
  writeFileSync(join(folder, 'greeter.ts'), block('// greeter.ts'));
  // A package of its own, as npm makes it.
  for (const line of block('npm init -y').split('\n')) {
    if (/^npm (init|pkg)/.test(line)) execSync(line, { cwd: folder, stdio: 'pipe' });
  }
  writeFileSync(join(folder, 'welcome.yaml'), block('# welcome.yaml'));
  node(['greeter.ts'], plane.url);

  const lines = block('npx slipway serve &').split('\n');
  const [apply, trigger] = ['apply', 'trigger'].map((word) => lines.find((line) => line.includes(`slipway ${word}`)));
  const words = (line = ''): string[] =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
  await ended(node([slipway, ...words(apply).slice(2)], plane.url));
  const output = await ended(node([slipway, ...words(trigger).slice(2)], plane.url));
  expect(output).toMatch(/pass/);
  expect(output.replace(/\s/g, '')).toContain('{"welcome":{"text":"Welcome,Ada!"}}');

  const client = here(block('import { createClient, SlipwayProblem }')).replace(
    'console.log(item.run.sequence, item.run.state);',
    '{ console.log(item.run.sequence, item.run.state); break; }',
  );
  writeFileSync(
    join(folder, 'client.ts'),
    `${client}\nconsole.log(result, JSON.stringify(output));\nclient.close();\n`.replace(
      'for await',
      `void client.trigger({ project: 'demo', stage: 'dev', sequence: 'hello', data: { welcome: { name: 'Bob' } } });\nfor await`,
    ),
  );
  expect(await ended(node(['client.ts'], plane.url))).toMatch(
    /hello \w+\npass \{"welcome":\{"text":"Welcome, Ada!"\}\}/,
  );
});
