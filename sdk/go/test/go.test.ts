import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { programPath } from '../../../tools/servers/programs.ts';

/** go test runs once, before vitest knows its tests, so that each of them is a test of its own here. */
const sdk = fileURLToPath(new URL('..', import.meta.url));
const rooms = [sdk, fileURLToPath(new URL('../../../services/resize-go', import.meta.url))];

interface Line {
  Action: string;
  Package?: string;
  Test?: string;
  Output?: string;
}

async function run(program: string, args: readonly string[], cwd: string): Promise<{ code: unknown; output: string }> {
  const env = { ...process.env, TEST_NODE: process.execPath, TEST_NATS_SERVER: programPath('nats-server') };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output };
}

const go = programPath('go');

for (const room of rooms) {
  const { code, output } = await run(go, ['test', '-race', '-json', './...'], room);
  const lines = output.split('\n').flatMap(readLine);
  const name = room === sdk ? 'sdk/go' : 'services/resize-go';
  describe(`go test -race of ${name}`, () => {
    for (const { Action, Test } of lines) {
      if (Test === undefined || (Action !== 'pass' && Action !== 'fail')) continue;
      test(wordsOf(Test), () => expect(Action, outputOf(lines, Test)).toBe('pass'));
    }

    test('it ran to its end', () => expect(code, output.slice(-10_000)).toBe(0));
  });

  test(`go vet finds nothing in ${name}`, async () => {
    const vetted = await run(go, ['vet', './...'], room);
    expect(vetted.code, vetted.output).toBe(0);
  });

  test(`staticcheck finds nothing in ${name}`, async () => {
    const checked = await run(programPath('staticcheck'), ['./...'], room);
    expect(checked.code, checked.output).toBe(0);
  });

  test(`every file of ${name} is formatted by gofmt`, async () => {
    const { output: unformatted } = await run(go, ['fmt', '-n', './...'], room);
    const gofmt = /^(\S*gofmt) /m.exec(unformatted)?.[1];
    expect(gofmt).toBeDefined();
    const listed = await run(gofmt ?? 'gofmt', ['-l', '.'], room);
    expect(listed).toEqual({ code: 0, output: '' });
  });
}

test('the client is that of the contract', async () => {
  const args = ['run', './internal/generate', '-check', '-codegen', programPath('oapi-codegen')];
  const checked = await run(go, args, sdk);
  expect(checked.code, checked.output).toBe(0);
});

test('it needs Go 1.24, the standard library and the NATS client alone', async () => {
  const { output } = await run(
    go,
    ['list', '-m', '-f', '{{if not .Indirect}}{{.Path}} {{.GoVersion}}{{end}}', 'all'],
    sdk,
  );
  expect(output.trim().split('\n').filter(Boolean)[0]).toBe('slipway.dev/sdk 1.24');
  const { output: direct } = await run(go, ['list', '-m', '-f', '{{if not .Indirect}}{{.Path}}{{end}}', 'all'], sdk);
  expect(direct.trim().split('\n').filter(Boolean)).toEqual(['slipway.dev/sdk', 'github.com/nats-io/nats.go']);
});

function readLine(text: string): Line[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

function outputOf(lines: readonly Line[], name: string): string {
  return lines
    .filter((line) => line.Test === name && line.Output !== undefined)
    .map((line) => line.Output)
    .join('');
}

/** `TestATaskRunsWithoutAnyServer/claim` is "a task runs without any server, claim". */
function wordsOf(name: string): string {
  const [first = '', ...rest] = name.replace(/^Test/, '').split('/');
  const words = first.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2').toLowerCase();
  return [words, ...rest].join(', ');
}
