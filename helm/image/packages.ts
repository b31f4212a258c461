import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** A library, part of which is in the layer. */
export type BundledPackage = {
  name: string;
  version: string;
  license: string;
  /** The texts that come with it: LICENSE, COPYING, NOTICE. */
  texts: string[];
};

/** npm's older form is a list of licences to choose from. */
const manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string().optional(),
  licenses: z.array(z.object({ type: z.string() })).default([]),
});

/** Licences that bind nobody who uses Slipway. */
const PERMISSIVE = [
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'Unlicense',
  'BlueOak-1.0.0',
];

/** The packages that these modules come from, by name and version, each once; our own code is none. */
export function packagesOf(modules: readonly string[]): BundledPackage[] {
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined));
  const found = new Map([...folders].map(readPackage).map((one) => [`${one.name}@${one.version}`, one]));
  return [...found.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function packageFolder(module: string): string | undefined {
  return /^(?<folder>.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.groups?.folder;
}

function readPackage(folder: string): BundledPackage {
  const { name, version, ...told } = manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  const offered = told.license === undefined ? told.licenses.map(({ type }) => type) : [told.license];
  const license = offered.find((one) => PERMISSIVE.includes(one));
  if (license === undefined) {
    const given = offered.join(' or ') || 'no licence that it names';
    throw new Error(`${name}@${version} is under ${given}, which is not among ${PERMISSIVE.join(', ')}`);
  }
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  return { name, version, license, texts: files.toSorted().map((file) => readFileSync(join(folder, file), 'utf8')) };
}

/** The version of ours. */
export function ownVersion(root: string): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version;
}
