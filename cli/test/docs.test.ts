import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingTable } from '@slipway/control-plane/settings';
import { expect, test } from 'vitest';
import { exitCode } from '../src/exit-code.ts';
import { startServe } from './serve.ts';

const docsPage = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/${name}.md`, import.meta.url)), 'utf8');
const ADDRESS = 'http://127.0.0.1:8484';
/** Tells the status of each request beside what it prints. */
const CURL = `curl() { command curl -sS -w '%{stderr}STATUS %{http_code}\\n' "$@"; }`;

test('every curl of docs/protocol.md gives the status that stands behind it', async () => {
  await using server = await startServe();
  const blocks = [...docsPage('protocol').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const script = blocks.join('\n').replaceAll(ADDRESS, server.url);
  const promised = [...script.matchAll(/ {2}# (\d{3})$/gm)].map(([, status]) => status);
  expect(promised.length).toBe(script.match(/\bcurl /g)?.length);

  const { code, stderr } = await bash(`set -eu\n${CURL}\n${script}`);
  const statuses = [...stderr.matchAll(/^STATUS (\d+)$/gm)].map(([, status]) => status);
  expect({ statuses, code, other: stderr.replace(/^STATUS \d+\n/gm, '').replace(/^curl: \(28\).*\n/m, '') }).toEqual({
    statuses: promised,
    code: 0,
    other: '',
  });
});

test('docs/operating.md has a line for each setting, with what it is and its default', () => {
  for (const { flag, value, env, default: unless, description } of settingTable) {
    const fallback = unless === undefined ? '' : `\`${unless}\` `;
    expect(docsPage('operating')).toContain(`| \`${flag} ${value}\` | \`${env}\` | ${fallback}| ${description} |`);
  }
});

test('docs/protocol.md has a line for each exit code', () => {
  for (const code of Object.values(exitCode))
    expect(docsPage('protocol')).toMatch(new RegExp(`^\\| ${code} \\| `, 'm'));
});

async function bash(script: string): Promise<{ code: number | null; stderr: string }> {
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject).on('close', resolve);
  return { code: await promise, stderr };
}
