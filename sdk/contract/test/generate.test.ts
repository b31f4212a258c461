import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../tools/generate.ts', import.meta.url));
const SCHEMAS = fileURLToPath(new URL('../schemas', import.meta.url));
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-schemas-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function generate(...args: string[]): { status: number | null; output: string } {
  const result = spawnSync(process.execPath, [SCRIPT, '--out', folder, ...args], { encoding: 'utf8' });
  return { status: result.status, output: result.stdout + result.stderr };
}

test('what was just written is not stale', () => {
  expect(generate().status).toBe(0);
  expect(generate('--check')).toEqual({ status: 0, output: '' });
});

test('a file that says something else is named, with the line and the command that repairs it', () => {
  generate();
  const file = join(folder, 'run.schema.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"parked"', '"stuck"'));
  const { status, output } = generate('--check');
  expect(status).toBe(1);
  expect(output).toMatch(/run\.schema\.json is stale, from line \d+ on/);
  expect(output).toContain('npx node sdk/contract/tools/generate.ts');
});

test('a missing file and a file of a schema that is gone are named, and the next run repairs both', () => {
  generate();
  rmSync(join(folder, 'openapi.json'));
  writeFileSync(join(folder, 'old.schema.json'), '{}\n');
  const { status, output } = generate('--check');
  expect(status).toBe(1);
  expect(output).toContain('openapi.json is missing');
  expect(output).toContain('old.schema.json belongs to no schema any more');
  generate();
  expect(generate('--check').status).toBe(0);
});

test('the committed schemas are JSON Schema 2020-12 to a validator that is not ours, and refer only to each other', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false });
  const files = readdirSync(SCHEMAS).filter((file) => file.endsWith('.schema.json'));
  const schemas = files.map((file) => JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')));
  ajv.addSchema(schemas);
  for (const schema of schemas) expect(ajv.getSchema(schema.$id)).toBeTypeOf('function');

  const isEvent = ajv.getSchema('https://slipway.dev/schemas/v1/cloud-event.schema.json');
  const event = { specversion: '1.0', id: '1', source: '/s', type: 'dev.seq.triggered', correlationid: 'c', data: {} };
  expect(isEvent?.(event)).toBe(true);
  expect(isEvent?.({ ...event, id: '' })).toBe(false);
});
