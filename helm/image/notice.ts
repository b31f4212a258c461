import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../tools/root.ts';
import type { BundledPackage } from './packages.ts';

const RULE = '-'.repeat(80);

/** Writes whose work is in the layer, under which licence, with the licences' texts. */
export function writeNotice(options: {
  file: string;
  packages: readonly BundledPackage[];
  services: readonly string[];
}): void {
  const { file, packages, services } = options;
  const data = services
    .map((name) => join(ROOT, 'services', name, 'NOTICE'))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8').trim());
  const texts = packages.map(
    ({ name, version, license, texts }) =>
      `${RULE}\n${name} ${version} (${license})\n\n${texts.map((text) => text.trim()).join('\n\n') || 'The package carries no text of its licence.'}`,
  );
  const head = [
    'Slipway is under the Apache License 2.0 (see LICENSE).',
    'It contains, in whole or in part, bundled into lib/ and web/dist:',
    packages.map(({ name, version, license }) => `  ${name} ${version}  ${license}`).join('\n'),
    ...data,
  ];
  writeFileSync(file, `${[...head, ...texts].join('\n\n')}\n`);
}
