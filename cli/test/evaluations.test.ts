import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type Service, serve, silentLogger } from '@slipway/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSources } from '../../services/evaluate/src/providers/sources.ts';
import { evaluateTasks } from '../../services/evaluate/src/shell/tasks.ts';
import { type Served, startServe } from './serve.ts';
import { type Ended, slipway } from './slipway.ts';

const SLO = `comparison: {compare_with: single_result}
objectives:
- {sli: response_time, pass: [{criteria: ["<=+10%", "<600"]}]}
total_score: {pass: "90%"}
`;
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - name: gate
          tasks:
            - name: evaluation
              properties:
                slo: ${JSON.stringify(SLO)}
                timeframe: 5m
              with: {values: {response_time: "\${{ data.measured }}"}}
        - name: next
          triggeredOn: [{event: dev.gate.finished}]
          tasks: [{name: nobody}]
`;

let server: Served;
let service: Service;
let folder: string;
const PLACE = ['-p', 'shop', '--stage', 'dev', '-s', 'carts'];

function cli(...args: string[]): Promise<Ended> {
  return slipway(args, { env: { SLIPWAY_SERVER: server.url }, cwd: folder });
}

async function gate(
  measured: number,
): Promise<{ id: string; run: string; correlationid: string; code: number | null }> {
  const data = JSON.stringify({ measured });
  const { stdout, code } = await cli(
    'trigger',
    'dev.gate',
    '-p',
    'shop',
    '-s',
    'carts',
    '-d',
    data,
    '-w',
    '-o',
    'json',
  );
  const run = JSON.parse(stdout);
  return { id: `${run.id}.evaluation.1`, run: run.id, correlationid: run.correlationid, code };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-evaluations-'));
  writeFileSync(join(folder, 'slo.yaml'), SLO);
  writeFileSync(join(folder, 'sli.yaml'), 'indicators: {response_time: "p95{job=\\"$SERVICE\\"}"}\n');
  writeFileSync(join(folder, 'bad.yaml'), 'objectives:\n- sli: a\n  pass: 5\n');
  writeFileSync(join(folder, 'shipyard.yaml'), SHIPYARD);
  server = await startServe();
  const client = createClient({ server: server.url, source: '/evaluate' });
  const tasks = evaluateTasks({ sources: readSources(undefined, {}), client, nowMs: Date.now });
  service = serve({ tasks, server: server.url, signals: false, log: silentLogger });
  await service.ready;
  expect(await cli('apply', 'shipyard.yaml', '--project', 'shop')).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await service?.close();
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('files', () => {
  test('slo.yaml is uploaded, shown as it was sent, and its versions are listed', async () => {
    const put = await cli('apply', 'slo', 'slo.yaml', ...PLACE);
    const version = /now at version (\w+)/.exec(put.stdout)?.[1] ?? '';
    expect(put).toMatchObject({ code: 0, stdout: `slo.yaml of shop/dev/carts is now at version ${version}\n` });
    expect((await cli('get', 'slo', ...PLACE)).stdout).toBe(SLO);
    expect((await cli('get', 'slo', ...PLACE, '--version', version)).stdout).toBe(SLO);
    expect((await cli('get', 'slo', ...PLACE, '--versions')).stdout).toMatch(new RegExp(`${version} +.*in use`));
    expect((await cli('apply', 'slo', 'slo.yaml', ...PLACE)).stdout).toContain('is unchanged');
    expect(await cli('apply', 'slo', 'slo.yaml', ...PLACE, '--replaces', '0000')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('precondition-failed'),
    });
  });

  test('one that is wrong is refused with its places, also before it is in use', async () => {
    for (const more of [[], ['--dry-run']]) {
      const { code, stderr } = await cli('apply', 'slo', 'bad.yaml', ...PLACE, ...more);
      expect(code).toBe(2);
      expect(stderr).toContain('[invalid-slo]');
      expect(stderr).toMatch(/bad\.yaml:3:\d+/);
    }
  });

  test('a remark is shown as lint shows it, and a warning as a warning', async () => {
    const text =
      'objectives: [{sli: a, weight: 1.5, key_sli: true, pass: [{criteria: ["<=10%"]}]}]\ntotal_score: {pass: 90}\n';
    writeFileSync(join(folder, 'quirks.yaml'), text);
    const { stderr } = await cli('apply', 'slo', 'quirks.yaml', ...PLACE, '--dry-run');
    expect(stderr).toMatch(/quirks\.yaml:1:\d+ {2}warning weight/);
    expect(stderr).toMatch(/quirks\.yaml:1:\d+ {2}remark percent-without-sign/);
  });

  test('sli.yaml of each level is one of what a service asks', async () => {
    expect(await cli('apply', 'sli', 'sli.yaml', '-p', 'shop')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('sli.yaml of shop is now'),
    });
    expect(await cli('apply', 'sli', 'sli.yaml', '-p', 'shop', '--stage', 'dev')).toMatchObject({ code: 0 });
    expect((await cli('get', 'sli', '-p', 'shop', '--stage', 'dev')).stdout).toContain('p95');
    const merged = await cli('get', 'sli', ...PLACE, '--merged');
    expect(merged.stdout).toMatch(/response_time +stage +\w+ +p95/);
    expect(await cli('get', 'sli', '-p', 'shop', '--merged')).toMatchObject({ code: 2 });
    expect(await cli('get', 'sli', '-p', 'shop', '-s', 'carts')).toMatchObject({ code: 2 });
    expect(await cli('get', 'sli', ...PLACE)).toMatchObject({ code: 2, stderr: expect.stringContaining('not-found') });
  });

  test('a command that lacks what it is about says so', async () => {
    expect(await cli('apply', 'slo', 'slo.yaml', '-p', 'shop')).toMatchObject({ code: 2 });
    expect(await cli('apply', 'shipyard.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--project is missing'),
    });
  });
});

describe('evaluations', () => {
  test('are started, waited for, listed and shown, each with the exit code of its result', async () => {
    const good = await gate(400);
    const bad = await gate(900);
    expect([good.code, bad.code]).toEqual([0, 1]);
    const list = await cli('get', 'evaluations', '-p', 'shop', '--stage', 'dev', '-s', 'carts');
    expect(list.stdout).toMatch(new RegExp(`${bad.id} +dev +carts +fail +0 +response_time`));
    expect(list.stdout).toMatch(new RegExp(`${good.id} +dev +carts +pass +100 +all 1 hold`));
    expect((await cli('get', 'evaluations', '-p', 'shop', '--result', 'fail')).stdout).not.toContain(good.id);
    const shown = await cli('get', 'evaluation', bad.id, '--html', 'report.html');
    expect(shown.stdout).toContain('shop/dev/carts: fail with a score of 0');
    expect(shown.stdout).toContain('900 violates <=+10% (440) and <600');
    expect(shown.stdout).toMatch(/response_time +fail +900 +400/);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('900 violates');
    expect(await cli('get', 'evaluation', 'nobody')).toMatchObject({ code: 2 });
  });

  test('of a span of time are triggered by evaluate', async () => {
    const { code, stdout } = await cli('evaluate', ...PLACE, '--timeframe', '10m', '-l', 'build=7', '-o', 'json');
    expect(code).toBe(0);
    const { run, window } = JSON.parse(stdout);
    expect(Date.parse(window.end) - Date.parse(window.start)).toBe(600_000);
    const waited = await cli('watch', run, '-o', 'json');
    expect(JSON.parse(waited.stdout)).toMatchObject({
      sequence: 'evaluation',
      state: 'finished',
      labels: { build: '7' },
    });
    expect((await cli('evaluate', ...PLACE, '--timeframe', '1d')).stderr).toContain('unknown unit');
    expect(await cli('evaluate', ...PLACE, '--end', '2026-11-21T10:00:00Z')).toMatchObject({ code: 2 });
    expect([0, 1]).toContain((await cli('evaluate', ...PLACE, '--wait', '60')).code);
  });

  test('that are inconclusive keep the gate shut: evaluate --wait, what-if and slo explain end with 1', async () => {
    const slo =
      'defaults: {on_missing: inconclusive, on_error: inconclusive}\nobjectives: [{sli: no_such, pass: [{criteria: ["<5"]}]}]\ntotal_score: {pass: "90%"}\n';
    writeFileSync(join(folder, 'open.yaml'), slo);
    const place = ['-p', 'shop', '--stage', 'dev', '-s', 'unmeasured'];
    expect(await cli('apply', 'slo', 'open.yaml', ...place)).toMatchObject({ code: 0 });
    const bare = ['-p', 'bare', '--stage', 'dev', '-s', 'unmeasured'];
    expect(await cli('apply', 'shipyard.yaml', '-p', 'bare')).toMatchObject({ code: 0 });
    expect(await cli('apply', 'slo', 'open.yaml', ...bare)).toMatchObject({ code: 0 });
    const unmeasured = await cli('evaluate', ...bare, '--wait', '60');
    expect(unmeasured).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Message: .*so nothing was judged: /m),
    });
    expect(await cli('apply', 'sli', 'sli.yaml', ...place)).toMatchObject({ code: 0 });
    const ended = await cli('evaluate', ...place, '--wait', '60');
    expect(ended, ended.stdout).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Evaluation is inconclusive: no_such/),
    });
    writeFileSync(join(folder, 'none.yaml'), 'other: 1\n');
    expect(await cli('slo', 'explain', 'open.yaml', '--values', 'none.yaml')).toMatchObject({ code: 1 });
    const { id } = await gate(300);
    expect(await cli('what-if', id, '--slo', 'open.yaml')).toMatchObject({ code: 1 });
  });

  test('are replayed, and judged otherwise', async () => {
    const { id } = await gate(300);
    expect(await cli('replay', id)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^the same, by the rules/),
    });
    writeFileSync(join(folder, 'strict.yaml'), SLO.replace('<600', '<200'));
    const strict = await cli('what-if', id, '--slo', 'strict.yaml');
    expect(strict).toMatchObject({ code: 1, stdout: expect.stringContaining('- verdict: pass → fail') });
    expect(await cli('what-if', id, '--value', 'response_time=250')).toMatchObject({ code: 0 });
    expect(await cli('what-if', id, '--value', 'response_time=')).toMatchObject({ code: 1 });
    expect(await cli('what-if', id, '--no-history')).toMatchObject({ code: 0 });
    expect((await cli('what-if', id)).stdout).toBe('nothing would be different\n');
    expect(await cli('what-if', id, '--value', 'response_time')).toMatchObject({ code: 2 });
    expect(await cli('what-if', id, '--baseline', 'nobody')).toMatchObject({ code: 2 });
  });

  test('are invalidated and reinstated, with a reason', async () => {
    const { id } = await gate(300);
    const out = await cli('invalidate', id, '--reason', 'no load');
    expect(out).toMatchObject({ code: 0, stdout: `evaluation ${id} is not used as a baseline\n` });
    expect((await cli('get', 'evaluation', id)).stdout).toMatch(/invalidated by .+: no load/);
    expect((await cli('get', 'evaluations', '-p', 'shop')).stdout).toMatch(new RegExp(`${id} .* invalidated`));
    expect(await cli('reinstate', id)).toMatchObject({
      code: 0,
      stdout: `evaluation ${id} is used as a baseline again\n`,
    });
  });
});

test('a context is shown as the tree of its runs, an event as it is', async () => {
  const { run, correlationid, id } = await gate(300);
  await expect
    .poll(async () => (await cli('get', 'context', correlationid)).stdout, { interval: 200 })
    .toMatch(/dev\.gate +carts +Passed .*\n {2}dev\.next +carts +Waiting for worker/);
  expect(JSON.parse((await cli('get', 'context', run, '-o', 'json')).stdout).runs).toHaveLength(2);
  expect(await cli('get', 'context', 'nobody')).toMatchObject({ code: 2 });
  const event = await cli('get', 'event', id);
  expect(JSON.parse(event.stdout)).toMatchObject({ id, type: 'evaluation.triggered' });
  const events = JSON.parse((await cli('get', 'events', '--run', run, '-o', 'json')).stdout).items;
  const answer = events.find((one: { event: { type: string } }) => one.event.type === 'evaluation.finished').event;
  expect(JSON.parse((await cli('get', 'event', answer.id)).stdout)).toEqual(answer);
  expect(await cli('get', 'event', 'nobody')).toMatchObject({ code: 2 });
});

test('docs/evaluate/evaluations.md: its commands end as it says', async () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/evaluate/evaluations.md', import.meta.url)), 'utf8');
  const at = join(folder, 'docs');
  mkdirSync(at);
  for (const [, file = '', text = ''] of page.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g)) {
    writeFileSync(join(at, file), text);
  }
  await using fresh = await startServe();
  const client = createClient({ server: fresh.url, source: '/evaluate' });
  const tasks = evaluateTasks({ sources: readSources(undefined, {}), client, nowMs: Date.now });
  const judge = serve({ tasks, server: fresh.url, signals: false, log: silentLogger });
  const named: Record<string, string> = {};
  const lines = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
  for (const line of lines) {
    const [, command = '', promised = ''] = /^npx slipway (.*?) *# (\d+)\b/.exec(line) ?? [];
    // As the shell would read them: quotes around a word, and two names for what was just judged.
    const words = command.trim().split(/ +/);
    const args = words.map((word) => named[word] ?? word.replace(/^'(.*)'$/, '$1'));
    const ended = await slipway(args, { env: { SLIPWAY_SERVER: fresh.url }, cwd: at });
    expect({ line, code: ended.code, stderr: ended.stderr }).toMatchObject({ line, code: Number(promised) });
    const { items } = await client.listEvaluations({ project: 'shop' }).catch(() => ({ items: [] }));
    for (const { id, result, slis } of items)
      if (slis?.[0]?.value) named[result === 'pass' ? '$PASSED' : '$FAILED'] = id;
  }
  expect(lines.length).toBeGreaterThan(15);
  await judge.close();
  client.close();
});
