/** The fences of `npm run check`: each is one command that is silent about a good tree and names the place in a bad one. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';

interface Fence {
  readonly name: string;
  /** What it holds, for people. */
  readonly holds: string;
  /** A script for this Node, its path from the root, or a command on PATH. */
  readonly script?: string;
  readonly command?: string;
  readonly args: readonly string[];
}

export interface FenceResult {
  readonly fence: Fence;
  readonly ok: boolean;
  readonly output: string;
  readonly tookMs: number;
}

const FENCE_TIMEOUT_MS = 300_000;
const FENCES_AT_ONCE = 2;
/** Every folder with code of ours; those of later work may not be there yet. */
const ROOMS = ['sdk', 'control-plane', 'services', 'shipyard-examples', 'cli', 'web', 'bench', 'helm', 'tools', 'test'];
const WEB = 'web/tsconfig.json';
const GENERATE = 'sdk/contract/tools/generate.ts';

/** Runs these fences over the tree at `root`, prints one line for each, and then the whole output of those that do not hold. */
export async function reportFences(fences: readonly Fence[], root: string): Promise<FenceResult[]> {
  const started = performance.now();
  const waiting = [...fences];
  const results: FenceResult[] = [];
  const work = async (): Promise<void> => {
    for (let fence = waiting.shift(); fence; fence = waiting.shift()) {
      const result = await runFence(fence, root);
      results.push(result);
      const mark = result.ok ? 'ok    ' : 'FAILED';
      console.log(`${mark} ${fence.name.padEnd(10)} ${seconds(result.tookMs).padStart(7)}  ${fence.holds}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(FENCES_AT_ONCE, availableParallelism()) }, work));

  const broken = results.filter((result) => !result.ok);
  for (const { fence, output } of broken) console.log(`\n--- ${fence.name}\n${output.trim()}`);
  const took = seconds(performance.now() - started);
  if (broken.length === 0) {
    console.log(`${results.length === 1 ? '1 fence holds' : `${results.length} fences hold`}, ${took}.`);
  } else {
    const names = broken.map(({ fence }) => fence.name).join(', ');
    console.log(`\n${broken.length} of ${results.length} fences are broken: ${names}, ${took}.`);
  }
  return results;
}

export function fencesOf(root: string): Fence[] {
  const rooms = ROOMS.filter((room) => existsSync(join(root, room)));
  const fences: Fence[] = [
    {
      name: 'types',
      holds: 'strict TypeScript everywhere',
      script: 'node_modules/typescript/bin/tsc',
      args: tscArgs('tsconfig.json'),
    },
    {
      name: 'pure',
      holds: 'no timer, process, fetch or node:* in the pure rooms',
      script: 'node_modules/typescript/bin/tsc',
      args: tscArgs('tsconfig.pure.json'),
    },
    {
      name: 'style',
      holds: 'format, lint, no clock and no randomness in the pure rooms',
      script: 'node_modules/@biomejs/biome/bin/biome',
      args: ['check', '--error-on-warnings', '--max-diagnostics=none', '--colors=off', '.'],
    },
    {
      name: 'imports',
      holds: 'the import table of the architecture',
      script: 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      args: ['--config', '.dependency-cruiser.mjs', '--output-type', 'err-long', ...rooms],
    },
    {
      name: 'unused',
      holds: 'no unused file, export or dependency',
      script: 'node_modules/knip/bin/knip.js',
      args: ['--no-progress', '--no-config-hints'],
    },
    {
      name: 'keys',
      holds: 'no object is a table by computed keys: Maps, or ownValue and putOwn',
      script: join(import.meta.dirname, 'keys', 'check.ts'),
      args: [],
    },
    {
      name: 'words',
      holds: 'plain English in what users read, short subjects of commits',
      script: join(import.meta.dirname, 'words', 'check.ts'),
      args: [],
    },
  ];
  if (existsSync(join(root, WEB))) {
    fences.push({
      name: 'web',
      holds: 'strict TypeScript in the web view, where a browser is',
      script: 'node_modules/typescript/bin/tsc',
      args: tscArgs(WEB),
    });
  }
  if (existsSync(join(root, 'package-lock.json'))) {
    fences.push({
      name: 'install',
      holds: 'the lock file is whole, so a fresh clone can be installed',
      command: 'npm',
      args: ['ci', '--dry-run', '--offline', '--loglevel=error'],
    });
  }
  if (existsSync(join(root, GENERATE))) {
    fences.push({
      name: 'generated',
      holds: 'JSON Schemas and OpenAPI are those of the contract',
      script: GENERATE,
      args: ['--check'],
    });
  }
  return fences;
}

/** What did not change since the last check is not checked again: tsc keeps what it knows in the cache folder. */
function tscArgs(project: string): string[] {
  const memory = join('.cache', 'tsc', `${project.replaceAll('/', '-')}buildinfo`);
  return ['-p', project, '--pretty', 'false', '--incremental', '--tsBuildInfoFile', memory];
}

function runFence(fence: Fence, root: string): Promise<FenceResult> {
  const started = performance.now();
  const { promise, resolve } = Promise.withResolvers<FenceResult>();
  const command = fence.command ?? process.execPath;
  const args = fence.script === undefined ? fence.args : [resolvePath(root, fence.script), ...fence.args];
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: FENCE_TIMEOUT_MS,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const end = (ok: boolean): void => resolve({ fence, ok, output, tookMs: performance.now() - started });
  child.on('error', (error) => {
    output += `${command} could not be started: ${error.message}\n`;
    end(false);
  });
  child.on('close', (code, signal) => {
    if (signal) output += `ended by ${signal}; a fence may take ${FENCE_TIMEOUT_MS} ms\n`;
    end(code === 0);
  });
  return promise;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
