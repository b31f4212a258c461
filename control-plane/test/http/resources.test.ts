import { createHash } from 'node:crypto';
import { type MergedSli, type Resource, type ResourcePutAnswer, routes } from '@slipway/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { field, openDoor, putShipyard, type TestDoor } from './door.ts';
import { CARTS, put, SLO, YAML } from './evaluation-world.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

function valid(id: string, status: number, json: unknown): void {
  const route = routes.find((one) => one.id === id);
  const schema = (route?.answers as Record<number, z.ZodType> | undefined)?.[status];
  if (schema === undefined) throw new Error(`${id} does not answer ${status}`);
  expect(z.safeParse(schema, json).error).toBeUndefined();
}

describe('slo.yaml', () => {
  test('is kept as it was sent, under the hash of its text', async () => {
    const text = `# Grüße 🚀\r\n${SLO}`;
    const answer = await put(door, `${CARTS}/slo`, text);
    expect([answer.status, answer.headers.etag]).toEqual([201, `"${hashOf(text)}"`]);
    valid('putSlo', 201, answer.json);
    expect(answer.json).toEqual({
      project: 'shop',
      stage: 'dev',
      service: 'carts',
      kind: 'slo',
      version: hashOf(text),
      changed: true,
      dryRun: false,
      warnings: expect.any(Array),
    });
    const got = await door.ask('GET', `${CARTS}/slo`);
    valid('getSlo', 200, got.json);
    expect([field(got.json, 'text'), field(got.json, 'current'), got.headers.etag]).toEqual([
      text,
      true,
      `"${hashOf(text)}"`,
    ]);
    expect((await put(door, `${CARTS}/slo`, text)).status).toBe(200);
  });

  test('has versions, of which older ones can be read also when it is deleted', async () => {
    const path = '/v1/projects/shop/stages/dev/services/orders/slo';
    const first = SLO;
    const second = SLO.replace('600', '500');
    await put(door, path, first);
    await put(door, path, second);
    const versions = await door.ask('GET', `${path}/versions`);
    valid('listSloVersions', 200, versions.json);
    expect((versions.json as { items: Resource[] }).items.map(({ version, current }) => [version, current])).toEqual(
      expect.arrayContaining([
        [hashOf(second), true],
        [hashOf(first), false],
      ]),
    );
    expect(field((await door.ask('GET', `${path}?version=${hashOf(first)}`)).json, 'text')).toBe(first);
    expect((await put(door, path, first)).status).toBe(201);
    expect(field((await door.ask('GET', path)).json, 'text')).toBe(first);
    expect((await door.ask('DELETE', path)).status).toBe(204);
    expect((await door.ask('GET', path)).status).toBe(404);
    expect((await door.ask('DELETE', path)).status).toBe(404);
    expect(field((await door.ask('GET', `${path}?version=${hashOf(second)}`)).json, 'current')).toBe(false);
    expect((await door.ask('GET', `${path}?version=0123456789abcdef`)).status).toBe(404);
  });

  test('is linted: every problem has its line, column and pointer, and a quirk is a warning', async () => {
    const path = `${CARTS}/slo`;
    const text = 'objectives:\n- sli: a\n  pass: 5\n- sli: b\n  weight: "2"\ntotal_score: {pass: "90%"}\n';
    const answer = await put(door, path, text);
    expect([answer.status, field(answer.json, 'code')]).toEqual([422, 'invalid-slo']);
    expect(field(answer.json, 'errors')).toMatchObject([
      { line: 3, column: expect.any(Number), pointer: '/objectives/0/pass' },
      { line: 5, column: expect.any(Number), pointer: '/objectives/1/weight' },
    ]);
    const broken = await put(door, path, 'objectives: >10\n');
    expect([broken.status, field(field(field(broken.json, 'errors'), 0), 'line')]).toEqual([422, 1]);
    const quirk = 'objectives:\n- {sli: a, pass: [{criteria: [">=-5"]}]}\ntotal_score: {pass: "90%"}\n';
    const warned = await put(door, `${path}?dryRun=true`, quirk);
    expect(warned.status).toBe(200);
    expect((warned.json as ResourcePutAnswer).warnings).toContainEqual({
      severity: 'warning',
      code: expect.any(String),
      message: expect.any(String),
      pointer: '/objectives/0/pass/0/criteria/0',
      line: 2,
      column: expect.any(Number),
    });
  });

  test('a dry run changes nothing', async () => {
    const path = '/v1/projects/shop/stages/dev/services/dry/slo';
    const answer = await put(door, `${path}?dryRun=true`, SLO);
    expect([answer.status, answer.json]).toMatchObject([200, { changed: true, dryRun: true }]);
    expect((await door.ask('GET', path)).status).toBe(404);
    expect(field((await door.ask('GET', `${path}/versions`)).json, 'items')).toEqual([]);
  });

  test('If-Match names the version that is replaced, and of two at the same moment one hears of the other', async () => {
    const path = '/v1/projects/shop/stages/dev/services/race/slo';
    const texts = Array.from({ length: 6 }, (_, index) => SLO.replace('600', String(600 + index)));
    expect((await put(door, path, SLO, { 'if-match': '*' })).status).toBe(412);
    await put(door, path, SLO.replace('600', '599'));
    const etag = `"${hashOf(SLO.replace('600', '599'))}"`;
    expect((await put(door, path, SLO, { 'if-match': '"0000000000000000"' })).status).toBe(412);
    const tried = await Promise.all(texts.map((text) => put(door, path, text, { 'if-match': etag })));
    expect(tried.map(({ status }) => status).toSorted()).toEqual([201, 412, 412, 412, 412, 412]);
    const winner = tried.findIndex(({ status }) => status === 201);
    expect(field((await door.ask('GET', path)).json, 'text')).toBe(texts[winner]);
    const open = await Promise.all(texts.map((text) => put(door, path, `${text}# again\n`)));
    expect(open.some(({ status }) => status === 201)).toBe(true);
    expect(open.every(({ status }) => status === 201 || status === 428)).toBe(true);
  });

  test.each([
    [
      'a project that is not there',
      '/v1/projects/nobody/stages/dev/services/carts/slo',
      SLO,
      {},
      404,
      'unknown-project',
    ],
    ['a stage that is not there', '/v1/projects/shop/stages/devv/services/carts/slo', SLO, {}, 422, 'unknown-stage'],
    ['nothing', `${CARTS}/slo`, '', {}, 400, 'empty-body'],
    ['too much', `${CARTS}/slo`, `#${'x'.repeat(262_145)}`, {}, 413, 'too-large'],
    ['another content type', `${CARTS}/slo`, SLO, { 'content-type': 'image/png' }, 415, 'unsupported-media-type'],
    [
      'another charset',
      `${CARTS}/slo`,
      SLO,
      { 'content-type': 'text/yaml; charset=utf-16' },
      415,
      'unsupported-charset',
    ],
    [
      'a name without end',
      `/v1/projects/shop/stages/dev/services/${'x'.repeat(300)}/slo`,
      SLO,
      {},
      422,
      'invalid-name',
    ],
    ['an unknown parameter', `${CARTS}/slo?dry=true`, SLO, {}, 400, 'unknown-parameter'],
    ['a billion laughs', `${CARTS}/slo`, laughs(), {}, 422, 'invalid-slo'],
  ])('%s is refused', async (_, path, body, headers, status, code) => {
    const answer = await put(door, path, body, headers);
    expect([answer.status, field(answer.json, 'code')]).toEqual([status, code]);
  });

  test('a service may have any name that a trigger may give it', async () => {
    const path = `/v1/projects/shop/stages/dev/services/${encodeURIComponent('a/b@c é')}/slo`;
    expect((await put(door, path, SLO)).status).toBe(201);
    expect(field((await door.ask('GET', path)).json, 'service')).toBe('a/b@c é');
    expect((await door.ask('GET', '/v1/projects/shop/stages/dev/services/a/slo')).status).toBe(404);
  });
});

function laughs(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let index = 1; index < 12; index++) lines.push(`a${index}: &a${index} [${`*a${index - 1},`.repeat(9)}]`);
  return `${lines.join('\n')}\nobjectives: *a11\n`;
}

describe('sli.yaml', () => {
  const sli = (queries: Record<string, unknown>): string => `indicators: ${JSON.stringify(queries)}\n`;

  test('of a service stands over that of its stage over that of the project, and each query says whose it is', async () => {
    await put(door, '/v1/projects/shop/sli', sli({ a: 'project', b: 'project', c: 'project' }));
    await put(door, '/v1/projects/shop/stages/dev/sli', sli({ b: 'stage', c: 'stage' }));
    await put(door, `${CARTS}/sli`, sli({ c: { query: 'service', reduce: 'p95' }, d: 5 }));
    const answer = await door.ask('GET', `${CARTS}/sli/merged`);
    valid('getMergedSli', 200, answer.json);
    const merged = answer.json as MergedSli;
    const versions = {
      project: hashOf(sli({ a: 'project', b: 'project', c: 'project' })),
      stage: hashOf(sli({ b: 'stage', c: 'stage' })),
      service: hashOf(sli({ c: { query: 'service', reduce: 'p95' }, d: 5 })),
    };
    expect(merged).toEqual({
      project: 'shop',
      stage: 'dev',
      service: 'carts',
      indicators: {
        a: { query: 'project', level: 'project', version: versions.project },
        b: { query: 'stage', level: 'stage', version: versions.stage },
        c: { query: { query: 'service', reduce: 'p95' }, level: 'service', version: versions.service },
        d: { query: '5', level: 'service', version: versions.service },
      },
      versions,
    });
    const other = await door.ask('GET', '/v1/projects/shop/stages/dev/services/orders/sli/merged');
    expect((other.json as MergedSli).indicators.c).toMatchObject({ query: 'stage', level: 'stage' });
    expect((await door.ask('DELETE', '/v1/projects/shop/stages/dev/sli')).status).toBe(204);
    const without = await door.ask('GET', '/v1/projects/shop/stages/dev/services/orders/sli/merged');
    expect((without.json as MergedSli).versions).toEqual({ project: versions.project });
  });

  test('is linted, listed with the others, and has versions of its own on each level', async () => {
    const bad = await put(door, '/v1/projects/shop/sli', 'indicators: [a]\n');
    expect([bad.status, field(bad.json, 'code')]).toEqual([422, 'invalid-sli']);
    const versions = await door.ask('GET', '/v1/projects/shop/sli/versions');
    expect(field(versions.json, 'items')).toHaveLength(1);
    const listed = await door.ask('GET', '/v1/projects/shop/resources?limit=1000');
    valid('listResources', 200, listed.json);
    expect(field(listed.json, 'items')).toContainEqual({
      project: 'shop',
      stage: 'dev',
      service: 'carts',
      kind: 'sli',
      version: expect.any(String),
      updatedAt: expect.any(Number),
    });
    expect((await door.ask('GET', '/v1/projects/nobody/resources')).status).toBe(404);
  });

  test('a query under the name of the prototype is one like any other', async () => {
    const path = '/v1/projects/shop/stages/dev/services/proto/sli';
    const answer = await door.ask('PUT', path, {
      headers: YAML,
      body: 'indicators: {__proto__: "up", constructor: "x"}\n',
    });
    expect(answer.status).toBe(201);
    const merged = await door.ask('GET', `${path}/merged`);
    expect(merged.text).toContain('"__proto__":{"query":"up"');
  });
});
