import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineTask, serve, silentLogger } from '@slipway/sdk';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { onTerminal } from './pty.ts';
import { startServe } from './serve.ts';
import { slipway } from './slipway.ts';

const ESCAPE = '\u001b';

/** How often the live area was drawn again. */
const drawsOf = (raw: string): number => raw.split(`${ESCAPE}[3A`).length - 1;

/** What stands on the screen after all of it: as much of a terminal as the live area uses. */
function screenOf(raw: string): string[] {
  const lines = [''];
  let row = 0;
  let column = 0;
  for (const [token] of raw.replaceAll(ESCAPE, '⎋').matchAll(/⎋\[\??[0-9;]*[A-Za-z]|\r|\n|[^⎋\r\n]+/gu)) {
    const up = /^⎋\[(\d+)A$/.exec(token)?.[1];
    if (up !== undefined) row -= Number(up);
    else if (token === '⎋[0J') {
      lines[row] = (lines[row] ?? '').slice(0, column);
      lines.length = row + 1;
    } else if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      lines[row] ??= '';
    } else if (!token.startsWith('⎋')) {
      const text = [...token];
      lines[row] = (lines[row] ?? '').slice(0, column) + text.join('');
      column += text.length;
    }
  }
  return lines;
}

const SHIPYARD = `spec:
  stages:
    - name: dev
      sequences:
        - name: seq
          tasks: [{name: build}, {name: deploy-to-a-place-with-a-very-long-name-which-does-not-fit}]
`;

test.each([
  { size: { columns: 72, rows: 20 }, shown: 72 },
  // As in many CIs: nobody gave it a size.
  { size: { columns: 0, rows: 0 }, shown: 80 },
])('on a terminal of $size.columns columns the run is one picture, drawn again in place', async ({ size, shown }) => {
  await using server = await startServe();
  let draws = 0;
  const slow = (name: string, until: number) =>
    defineTask({
      name,
      input: z.unknown(),
      output: z.object({}),
      run: async (_, { progress }) => {
        for (let part = 0; draws < until; part = (part + 0.25) % 1) {
          progress(part, 'a message that is so long that it cannot fit into the width of this terminal');
          await new Promise((resolve) => setTimeout(resolve, 250));
        }
        return {};
      },
    });
  const tasks = [slow('build', 3), slow('deploy-to-a-place-with-a-very-long-name-which-does-not-fit', 6)];
  const service = serve({ tasks, server: server.url, signals: false, log: silentLogger });
  await service.ready;
  const file = join(server.folder, 'shipyard.yaml');
  writeFileSync(file, SHIPYARD);
  const env = { SLIPWAY_SERVER: server.url };
  expect(await slipway(['apply', file, '-p', 'p'], { env })).toMatchObject({ code: 0 });

  const { code, raw } = await onTerminal(['trigger', 'dev.seq', '-p', 'p', '--wait'], env, {
    ...size,
    seen: (all) => {
      draws = drawsOf(all);
    },
  });
  await service.close();
  expect(code).toBe(0);
  // Drawn many times, with colours, and the cursor is there again at the end.
  expect(drawsOf(raw)).toBeGreaterThan(5);
  expect(raw).toContain(`${ESCAPE}[32m`);
  expect(raw.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(raw.lastIndexOf(`${ESCAPE}[?25l`));

  const screen = screenOf(raw);
  expect(screen.filter((line) => line.includes('dev.seq'))).toHaveLength(1);
  expect(screen[0]).toMatch(/^✓ dev\.seq {2}Passed {2}\d/);
  expect(screen[1]).toMatch(/^ {2}✓ build +pass/);
  expect(screen[2]).toMatch(/^ {2}✓ deploy-to-a-place-with-a-very-long/);
  expect(screen[4]).toMatch(/^Result: pass after \d/);
  for (const line of screen) expect([...line].length).toBeLessThanOrEqual(shown);
});

test.each([
  { who: 'y', typed: 'y\n', code: 0, said: '1 run aborted', state: 'finished' },
  { who: 'nothing', typed: '\n', code: 2, said: 'nothing was done', state: 'running' },
  { who: 'Ctrl-C', typed: '\u0003', code: 2, said: 'nothing was done', state: 'running' },
  { who: 'Ctrl-D', typed: '\u0004', code: 2, said: 'nothing was done', state: 'running' },
])('on a terminal it is asked before many runs are aborted: $who', async ({ typed, code, said, state }) => {
  await using server = await startServe();
  const file = join(server.folder, 'shipyard.yaml');
  writeFileSync(file, SHIPYARD);
  const env = { SLIPWAY_SERVER: server.url };
  expect(await slipway(['apply', file, '-p', 'p'], { env })).toMatchObject({ code: 0 });
  const run = JSON.parse((await slipway(['trigger', 'dev.seq', '-p', 'p', '-o', 'json'], { env })).stdout).run;

  const ended = await onTerminal(['abort', '-p', 'p'], env, { columns: 100, rows: 20, typed });
  expect(ended.raw).toContain('1 open run of project p would be aborted: go on? [y/N]');
  expect(ended.raw).toContain(said);
  expect(ended.code).toBe(code);
  expect(JSON.parse((await slipway(['get', 'run', run, '-o', 'json'], { env })).stdout).state).toBe(state);
});
