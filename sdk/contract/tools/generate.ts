/**
 * Writes schemas/*.json: the JSON Schema of everything that has a name, and the OpenAPI document.
 * With `--check` it writes nothing and fails when a file is not what it would write.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { componentSchemas, jsonSchemasOf, openApiDocument } from '../src/index.ts';

const COMMAND = 'npx node sdk/contract/tools/generate.ts';
const BASE = 'https://slipway.dev/schemas/v1';

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, out: { type: 'string' } },
});
const folder = values.out ?? fileURLToPath(new URL('../schemas', import.meta.url));
const wanted = filesToWrite();

if (values.check) {
  const stale = staleFiles();
  for (const { file, reason } of stale) console.error(`${relative(process.cwd(), join(folder, file))} ${reason}`);
  if (stale.length > 0) {
    console.error(`The contract says something else than what was generated from it. Run: ${COMMAND}`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(folder, { recursive: true });
  for (const file of strangers()) rmSync(join(folder, file));
  for (const [file, text] of wanted) writeFileSync(join(folder, file), text);
  console.log(`${wanted.size} files in ${relative(process.cwd(), folder) || '.'}`);
}

function filesToWrite(): Map<string, string> {
  const files = new Map<string, string>();
  const schemas = jsonSchemasOf(componentSchemas, (name) => `${BASE}/${fileOf(name)}`);
  for (const [name, schema] of Object.entries(schemas)) {
    files.set(fileOf(name), jsonText({ $schema: schema.$schema, $id: schema.$id, title: name, ...schema }));
  }
  files.set('openapi.json', jsonText(openApiDocument()));
  return files;
}

function staleFiles(): { file: string; reason: string }[] {
  const stale: { file: string; reason: string }[] = [];
  for (const [file, text] of wanted) {
    const found = readIfThere(file);
    if (found === undefined) stale.push({ file, reason: 'is missing' });
    else if (found !== text) stale.push({ file, reason: `is stale, from line ${firstDifference(found, text)} on` });
  }
  for (const file of strangers()) stale.push({ file, reason: 'belongs to no schema any more' });
  return stale;
}

/** Files of a schema that was renamed or taken out. */
function strangers(): string[] {
  return readFolder().filter((file) => file.endsWith('.json') && !wanted.has(file));
}

function readFolder(): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch {
    return undefined;
  }
}

function firstDifference(a: string, b: string): number {
  const [left, right] = [a.split('\n'), b.split('\n')];
  const index = right.findIndex((line, at) => line !== left[at]);
  return (index < 0 ? right.length : index) + 1;
}

/** `RunSummary` is in run-summary.schema.json. */
function fileOf(name: string): string {
  return `${name.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase()}.schema.json`;
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
