import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CHART, helm, render, VALUES_FILES, valuesFile } from './helm.ts';

const GOLDEN = join(import.meta.dirname, 'golden');

test.each(VALUES_FILES)('helm lint --strict has nothing to say about %s', async (name) => {
  const { ok, out, error } = await helm(['lint', '--strict', CHART, '--values', valuesFile(name)]);
  expect({ ok, found: `${out}${error}`.match(/\[(WARNING|ERROR)\].*/g) }).toEqual({ ok: true, found: null });
});

test.each(VALUES_FILES)(
  '%s renders what its golden file has (npm run test:chart -- --quick --update)',
  async (name) => {
    await expect(masked(await render(name))).toMatchFileSnapshot(join(GOLDEN, `${name}.yaml`));
  },
);

test('there is no golden file without its values', () => {
  expect(readdirSync(GOLDEN).toSorted()).toEqual(VALUES_FILES.map((name) => `${name}.yaml`).toSorted());
});

/** Secrets readable, with a word in place of what is generated; what Helm's own separators vary in left out. */
function masked(rendered: string): string {
  return rendered
    .replaceAll(/^ {2}([\w.-]+): "([A-Za-z0-9+/=]+)"$/gm, (_, key: string, value: string) => {
      const lines = Buffer.from(value, 'base64').toString('utf8').trimEnd().split('\n');
      return `  # decoded\n  ${key}: |\n${lines.map((line) => `    ${line}`).join('\n')}`;
    })
    .replaceAll(/\bs[A-Za-z0-9]{47}\b/g, 'GENERATED')
    .replaceAll(/sha256:(?!9f86d081)[0-9a-f]{64}/g, 'sha256:HASH')
    .replaceAll(/^( +checksum\/\w+:) [0-9a-f]{64}$/gm, '$1 CHECKSUM')
    .replaceAll(/\n{2,}/g, '\n');
}
