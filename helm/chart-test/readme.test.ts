import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { ROOT } from '../../tools/root.ts';
import { CHART } from './helm.ts';

const read = (name: string): string => readFileSync(join(CHART, name), 'utf8');

test("the tables of the README are what the values' comments say (npm run test:chart -- --quick --update)", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(process.execPath, [join(ROOT, 'helm/tools/readme.ts'), '--check'], (_error, _out, said) => resolve(said));
  expect(await promise).toBe('');
});

test('every value at the top is described, and known to the schema', () => {
  const values = load(read('values.yaml')) as Record<string, unknown>;
  const schema = JSON.parse(read('values.schema.json')) as { properties: Record<string, unknown> };
  expect(Object.keys(schema.properties).toSorted()).toEqual(['global', ...Object.keys(values)].toSorted());
  for (const row of read('README.md').matchAll(/^\| `([\w.]+)` \| (.*) \| (.*)\|$/gm)) {
    expect(row[3]?.trim(), row[1]).not.toBe('');
  }
});

test('every key of a service is described', () => {
  const { properties } = JSON.parse(read('values.schema.json')) as {
    properties: { services: { items: { properties: Record<string, unknown> } } };
  };
  const [, described = ''] = /\| `services` \| `\[\]` \| (.*) \|/.exec(read('README.md')) ?? [];
  for (const key of Object.keys(properties.services.items.properties)) expect(described).toContain(`\`${key}\``);
});
