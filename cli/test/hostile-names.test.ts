import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { defineTask, outcome, type Service, serve, silentLogger } from '@slipway/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { onTerminal } from './pty.ts';
import { type Served, startServe } from './serve.ts';
import { slipway } from './slipway.ts';

/** Stands in every name; on the way back the proxy puts the hostile text in its place. */
const NAME = 'zzqzz';
/** Sets the title, rings, clears the screen (7 bit and 8 bit), hides, reorders, breaks the line in four ways. */
const HOSTILE = '\u001b]0;t\u0007\u001b[2J\u009b2J\u001b[8m\u202e\u2066\u200b\u007f\nforged\rforged\u2028\u0085';
const SHOWN = '\\u001b]0;t\\u0007\\u001b[2J\\u009b2J\\u001b[8m\\u202e\\u2066\\u200b\\u007f';
const UNPRINTABLE = /[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/u;

const SHIPYARD = `spec:
  stages:
    - name: dev-${NAME}
      sequences:
        - name: seq-${NAME}
          tasks: [{name: build-${NAME}}]
        - name: lonely-${NAME}
          tasks: [{name: lonely-task-${NAME}}]
`;

let server: Served;
let proxy: Server;
let service: Service;
let env: { SLIPWAY_SERVER: string };
let run: string;
let open: string;
let shipyard: string;

beforeAll(async () => {
  server = await startServe();
  proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await fetch(server.url + request.url, {
      method: request.method ?? 'GET',
      headers: Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === 'string' && !/^(host|connection|content-length)$/.test(name) ? [[name, value]] : [],
      ) as [string, string][],
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    }).catch(() => undefined);
    response.statusCode = answer?.status ?? 502;
    response.setHeader('content-type', answer?.headers.get('content-type') ?? 'text/plain');
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer?.body ?? []) {
        response.write(decoder.decode(chunk, { stream: true }).replaceAll(NAME, JSON.stringify(HOSTILE).slice(1, -1)));
      }
    } catch {
      // The server has ended the stream.
    }
    response.end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  env = { SLIPWAY_SERVER: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  const build = defineTask({
    name: `build-${NAME}`,
    input: z.unknown(),
    output: z.object({ [NAME]: z.string() }),
    run: (_, { progress }) => {
      progress(0.5, `half ${NAME}`);
      return outcome({ result: 'warning', message: `said ${NAME}`, output: { [NAME]: NAME } });
    },
  });
  service = serve({ tasks: [build], server: server.url, source: `/me/${NAME}`, signals: false, log: silentLogger });
  await service.ready;
  shipyard = join(server.folder, 'shipyard.yaml');
  writeFileSync(shipyard, SHIPYARD);
  expect(await slipway(['apply', shipyard, '-p', `p-${NAME}`], { env })).toMatchObject({ code: 0 });
  run = await started(`dev-${NAME}.seq-${NAME}`, '--wait');
  open = await started(`dev-${NAME}.lonely-${NAME}`);
});

afterAll(async () => {
  await service?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  await server?.[Symbol.asyncDispose]();
});

async function started(sequence: string, ...more: string[]): Promise<string> {
  const args = ['trigger', sequence, '-p', `p-${NAME}`, '-s', `s-${NAME}`, '-l', `${NAME}=${NAME}`, ...more];
  const { stdout } = await slipway([...args, '-o', 'json'], { env: { SLIPWAY_SERVER: server.url } });
  const answer: { id?: string; run?: string } = JSON.parse(stdout);
  return answer.id ?? answer.run ?? '';
}

const COMMANDS: [name: string, args: () => string[]][] = [
  ['apply', () => ['apply', shipyard, '-p', `p-${NAME}`]],
  ['trigger --wait', () => ['trigger', `dev-${NAME}.seq-${NAME}`, '-p', `p-${NAME}`, '--wait', '60']],
  ['watch', () => ['watch', run]],
  ['why of an open run', () => ['why', open]],
  ['why of an ended run', () => ['why', run]],
  ['get runs', () => ['get', 'runs']],
  ['get run', () => ['get', 'run', run]],
  ['get run, open', () => ['get', 'run', open]],
  ['get events', () => ['get', 'events']],
  ['get events --run', () => ['get', 'events', '--run', run]],
  ['get services', () => ['get', 'services']],
  ['get projects', () => ['get', 'projects']],
  ['get project', () => ['get', 'project', `p-${NAME}`]],
  ['get shipyard --versions', () => ['get', 'shipyard', '-p', `p-${NAME}`, '--versions']],
  ['abort --dry-run', () => ['abort', '-p', `p-${NAME}`, '--dry-run']],
  ['a refused answer', () => ['answer', `${open}.x-${NAME}.1`, '--result', 'pass']],
  ['a refusal of the server', () => ['trigger', `dev-${NAME}.nothing`, '-p', `p-${NAME}`]],
  ['a refused settings file', () => ['get', 'shipyard', '-p', `q-${NAME}`]],
];

describe('names from the server with control, bidi and line characters:', () => {
  test.each(COMMANDS)('%s prints them in visible form, as text', async (_, args) => {
    const { stdout, stderr } = await slipway(args(), { env });
    expect(stdout + stderr).not.toMatch(UNPRINTABLE);
    expect(stdout + stderr).not.toMatch(/^forged/m);
  });

  test.each(COMMANDS)('%s prints them in visible form, as JSON', async (_, args) => {
    const { stdout, stderr } = await slipway([...args(), '-o', 'json'], { env });
    expect(stdout + stderr).not.toMatch(UNPRINTABLE);
    for (const text of [stdout, stderr]) if (/^[{[]/.test(text)) expect(() => JSON.parse(text)).not.toThrow();
  });

  test('they are there: as text in visible form, and in JSON with their value', async () => {
    expect((await slipway(['get', 'runs'], { env })).stdout).toContain(SHOWN);
    const { stdout } = await slipway(['get', 'runs', '-o', 'json'], { env });
    expect(JSON.parse(stdout).items[0].project).toBe(`p-${HOSTILE}`);
  });

  test('a terminal gets colours and nothing else, also in a live area and in a question', async () => {
    const size = { columns: 400, rows: 40 };
    for (const args of [
      ['trigger', `dev-${NAME}.seq-${NAME}`, '-p', `p-${NAME}`, '--wait'],
      ['get', 'run', run],
      ['get', 'shipyard', '-p', `p-${NAME}`],
      ['abort', '-p', `p-${NAME}`],
    ]) {
      const { raw } = await onTerminal(args, env, { ...size, typed: 'n\n' });
      if (args[0] !== 'abort') expect(raw).toContain(SHOWN);
      // What the live area, colours and readline send themselves.
      const rest = raw
        .replaceAll('\u001b', '⎋')
        .replaceAll(/⎋\[(?:\d+(?:;\d+)*m|\?25[lh]|\d+[AGD]|\?2004[hl]|[01]?J)/g, '')
        .replaceAll('\r', '');
      expect(rest).not.toMatch(/⎋/);
      expect(rest).not.toMatch(UNPRINTABLE);
      expect(raw).not.toContain('\u001b[8m');
      expect(raw).not.toContain('\u001b[2J');
    }
  });
});

test('the log of the server and of a service has no unprintable character, and keeps the value', async () => {
  const text = 'a\u009b2J\u202e\u007fb';
  await using refused = await startServe(['--log-level', 'info']);
  const { stderrLogger } = await import('@slipway/sdk');
  const written: string[] = [];
  const { write } = process.stderr;
  process.stderr.write = ((chunk: string) => written.push(chunk) > 0) as typeof write;
  stderrLogger.warn({ name: text }, text);
  process.stderr.write = write;
  expect(written.join('')).not.toMatch(UNPRINTABLE);
  expect(JSON.parse(written.join(''))).toMatchObject({ name: text, message: text });

  await fetch(`${refused.url}/v1/projects/${encodeURIComponent(text)}`);
  const { stderr } = await refused.stop();
  expect(stderr).toContain('\\u202e');
  expect(stderr).not.toMatch(UNPRINTABLE);
});
