/**
 * A small tree with every room in it, for the fences to judge: the real configuration and packages, and code of its own, so
 * that nothing is ever planted where people work.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../root.ts';

export type Files = Readonly<Record<string, string>>;

const CONFIG = [
  'biome.json',
  '.dependency-cruiser.mjs',
  'knip.json',
  'tsconfig.json',
  'tsconfig.pure.json',
  'tools/pure',
  'web/tsconfig.json',
];

/** Every room once, each with an import of every kind that it is allowed. All fences hold over these files. */
const ROOMS: Files = {
  'sdk/contract/src/index.ts': `export { type Thing, thing } from './thing.ts';\n`,
  'sdk/contract/src/thing.ts': `import { z } from 'zod';

export const thing = z.object({ name: z.string() });
export type Thing = z.infer<typeof thing>;
`,
  'sdk/typescript/src/index.ts': `import { connect } from '@nats-io/transport-node';
import type { Thing } from '@slipway/contract';

export async function serve(thing: Thing): Promise<void> {
  const connection = await connect({ servers: thing.name });
  await connection.close();
}
`,
  'control-plane/src/engine/decide.ts': `import type { Thing } from '@slipway/contract';

export interface Run {
  readonly thing: Thing;
}

export function decide(run: Run): Run {
  return run;
}
`,
  'control-plane/src/shipyard/parse.ts': `import { evaluate } from '@marcbachmann/cel-js';
import { thing } from '@slipway/contract';
import { load } from 'js-yaml';

export function parse(text: string): string {
  return \`\${thing.parse(load(text)).name} \${String(evaluate(text))}\`;
}
`,
  'control-plane/src/projection/fold.ts': `import type { Run } from '../engine/decide.ts';

export function fold(run: Run): string {
  return run.thing.name;
}
`,
  'control-plane/src/store/store.ts': `import type { Run } from '../engine/decide.ts';

export interface Store {
  read(): Promise<Run>;
}
`,
  'control-plane/src/store/sqlite/open.ts': `import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../store.ts';

export function openSqlite(): Store {
  new DatabaseSync(':memory:').close();
  return { read: async () => ({ thing: { name: 'a' } }) };
}
`,
  'control-plane/src/store/mongo/open.ts': `import { MongoClient } from 'mongodb';
import type { Store } from '../store.ts';

export function openMongo(url: string): Store {
  return { read: async () => ({ thing: { name: new MongoClient(url).options.appName ?? '' } }) };
}
`,
  'control-plane/src/store/postgres/open.ts': `import pg from 'pg';
import type { Store } from '../store.ts';

export function openPostgres(connectionString: string): Store {
  return { read: async () => ({ thing: { name: new pg.Client({ connectionString }).host } }) };
}
`,
  'control-plane/src/store/memory/open.ts': `import type { Store } from '../store.ts';

export function openMemory(): Store {
  return { read: async () => ({ thing: { name: 'memory' } }) };
}
`,
  'control-plane/src/bus/bus.ts': `export interface Bus {
  publish(text: string): Promise<void>;
}
`,
  'control-plane/src/bus/nats/open.ts': `import { connect } from '@nats-io/transport-node';
import type { Bus } from '../bus.ts';

export async function openNats(servers: string): Promise<Bus> {
  const connection = await connect({ servers });
  return { publish: async (text) => connection.publish('a', text) };
}
`,
  'control-plane/src/runtime/runtime.ts': `import { createHash } from 'node:crypto';
import type { Bus } from '../bus/bus.ts';
import { decide } from '../engine/decide.ts';
import { fold } from '../projection/fold.ts';
import { parse } from '../shipyard/parse.ts';
import type { Store } from '../store/store.ts';

export async function advance(store: Store, bus: Bus): Promise<void> {
  const text = parse(fold(decide(await store.read())));
  await bus.publish(createHash('sha256').update(text).digest('hex'));
}
`,
  'control-plane/src/http/door.ts': `import express from 'express';
import { advance } from '../runtime/runtime.ts';

export function openDoor(...join: Parameters<typeof advance>): void {
  express().get('/', async () => advance(...join));
}
`,
  'control-plane/src/main.ts': `import { openNats } from './bus/nats/open.ts';
import { openDoor } from './http/door.ts';
import { openMongo } from './store/mongo/open.ts';
import { openPostgres } from './store/postgres/open.ts';
import { openSqlite } from './store/sqlite/open.ts';

export async function main(url?: string): Promise<void> {
  const store = url?.startsWith('postgres') ? openPostgres(url) : url ? openMongo(url) : openSqlite();
  openDoor(store, await openNats('localhost'));
}
`,
  'control-plane/simulation/main.ts': `import { advance } from '../src/runtime/runtime.ts';
import { openMemory } from '../src/store/memory/open.ts';

await advance(openMemory(), { publish: async () => {} });
`,
  'control-plane/test/suite.test.ts': `import { test } from 'vitest';
import { openSqlite } from '../src/store/sqlite/open.ts';

test('a test may open an adapter', async () => {
  await openSqlite().read();
});
`,
  'services/checknumber/src/main.ts': `import { serve } from '@slipway/sdk';\n\nawait serve({ name: 'a' });\n`,
  'sdk/evaluation/src/index.ts': `export { judge } from './judge.ts';\n`,
  'sdk/evaluation/src/judge.ts': `import { load } from 'js-yaml';

export const judge = (slo: string): boolean => load(slo) !== null;
`,
  'services/evaluate/src/offline.ts': `import { judge } from '@slipway/evaluation';

export const explain = (slo: string): string => String(judge(slo));
`,
  'services/evaluate/src/index.ts': `export { explain } from './offline.ts';\n`,
  'services/evaluate/src/main.ts': `import { judge } from '@slipway/evaluation';
import { serve } from '@slipway/sdk';

await serve({ name: String(judge('a')) });
`,
  'cli/bin/slipway.js': `import '../src/cli.ts';\n`,
  'cli/src/cli.ts': `import { thing } from '@slipway/contract';
import { main } from '@slipway/control-plane';
import { serve } from '@slipway/sdk';

await main();
await serve(thing.parse({}));
const { explain } = await import('@slipway/service-evaluate');
explain('');
`,
  'bench/bench.ts': `import { serve } from '@slipway/sdk';\n\nawait serve({ name: 'a' });\n`,
  'web/src/main.tsx': `import type { Thing } from '@slipway/contract';

const thing: Thing = { name: document.title };
document.title = thing.name;
`,
};

const WORKSPACES: Record<
  string,
  { name: string; exports?: string; bin?: string; dependencies: string[]; dev?: string[] }
> = {
  'sdk/contract': { name: '@slipway/contract', exports: './src/index.ts', dependencies: ['zod'] },
  'sdk/evaluation': { name: '@slipway/evaluation', exports: './src/index.ts', dependencies: ['js-yaml'] },
  'sdk/typescript': {
    name: '@slipway/sdk',
    exports: './src/index.ts',
    dependencies: ['@slipway/contract', '@nats-io/transport-node'],
  },
  'control-plane': {
    name: '@slipway/control-plane',
    exports: './src/main.ts',
    dependencies: [
      '@slipway/contract',
      '@marcbachmann/cel-js',
      'js-yaml',
      'mongodb',
      'pg',
      '@nats-io/transport-node',
      'express',
    ],
    dev: ['@types/express', '@types/pg'],
  },
  'services/checknumber': { name: '@slipway/service-checknumber', dependencies: ['@slipway/sdk'] },
  'services/evaluate': {
    name: '@slipway/service-evaluate',
    exports: './src/index.ts',
    dependencies: ['@slipway/sdk', '@slipway/evaluation'],
  },
  cli: {
    name: 'slipway',
    bin: './bin/slipway.js',
    dependencies: ['@slipway/contract', '@slipway/control-plane', '@slipway/sdk', '@slipway/service-evaluate'],
  },
  bench: { name: '@slipway/bench', dependencies: ['@slipway/sdk'] },
  web: { name: '@slipway/web', dependencies: ['@slipway/contract'] },
};

/** Writes the tree into a temporary folder, with these files added or put in the place of its own. */
export function plantTree(files: Files = {}): { readonly root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'slipway-fences-'));
  for (const path of CONFIG) cpSync(join(ROOT, path), join(root, path), { recursive: true });
  write(root, {
    '.gitignore': 'node_modules/\n',
    'package.json': manifest({
      name: 'tree',
      workspaces: Object.keys(WORKSPACES),
      devDependencies: versions(['vitest']),
    }),
    ...Object.fromEntries(
      Object.entries(WORKSPACES).map(([path, workspace]) => [`${path}/package.json`, workspaceManifest(workspace)]),
    ),
    ...ROOMS,
    ...files,
  });
  linkPackages(root);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

function write(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** The real packages by link; the workspaces among them as npm links them, relative, so that they are those of the tree. */
function linkPackages(root: string): void {
  const link = (from: string, to: string): void => {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const source = join(from, entry.name);
      if (entry.name === '@slipway') {
        mkdirSync(join(to, entry.name));
        link(source, join(to, entry.name));
      } else {
        symlinkSync(entry.isSymbolicLink() ? readlinkSync(source) : source, join(to, entry.name));
      }
    }
  };
  mkdirSync(join(root, 'node_modules'));
  link(join(ROOT, 'node_modules'), join(root, 'node_modules'));
}

function workspaceManifest(workspace: (typeof WORKSPACES)[string]): string {
  return manifest({
    name: workspace.name,
    ...(workspace.exports ? { exports: { '.': workspace.exports } } : {}),
    ...(workspace.bin ? { bin: { slipway: workspace.bin } } : {}),
    dependencies: versions(workspace.dependencies),
    ...(workspace.dev ? { devDependencies: versions(workspace.dev) } : {}),
  });
}

function manifest(fields: object): string {
  return `${JSON.stringify({ version: '0.1.0', private: true, license: 'Apache-2.0', type: 'module', ...fields }, null, 2)}\n`;
}

function versions(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, '*']));
}
