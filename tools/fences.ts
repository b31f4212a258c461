/** The fences of `npm run check`: each is one command that is silent about a good tree and names the place in a bad one. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Fence {
  readonly name: string;
  /** What it holds, for people. */
  readonly holds: string;
  /** A script below the root, run by this Node. */
  readonly script: string;
  readonly args: readonly string[];
}

export interface FenceResult {
  readonly fence: Fence;
  readonly ok: boolean;
  readonly output: string;
  readonly tookMs: number;
}

const FENCE_TIMEOUT_MS = 120_000;
/** Every folder with code of ours; those of later work may not be there yet. */
const ROOMS = ['sdk', 'control-plane', 'services', 'cli', 'web', 'bench', 'tools', 'test'];
const GENERATE = 'sdk/contract/tools/generate.ts';

export function fencesOf(root: string): Fence[] {
  const rooms = ROOMS.filter((room) => existsSync(join(root, room)));
  const fences: Fence[] = [
    {
      name: 'types',
      holds: 'strict TypeScript everywhere',
      script: 'node_modules/typescript/bin/tsc',
      args: ['-p', 'tsconfig.json', '--pretty', 'false'],
    },
    {
      name: 'pure',
      holds: 'no timer, process, fetch or node:* in the pure rooms',
      script: 'node_modules/typescript/bin/tsc',
      args: ['-p', 'tsconfig.pure.json', '--pretty', 'false'],
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
  ];
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

export function runFence(fence: Fence, root: string): Promise<FenceResult> {
  const started = performance.now();
  const { promise, resolve } = Promise.withResolvers<FenceResult>();
  const child = spawn(process.execPath, [join(root, fence.script), ...fence.args], {
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
    output += `${fence.script} could not be started: ${error.message}\n`;
    end(false);
  });
  child.on('close', (code, signal) => {
    if (signal) output += `ended by ${signal}; a fence may take ${FENCE_TIMEOUT_MS} ms\n`;
    end(code === 0);
  });
  return promise;
}

/** Runs the fences, `atOnce` of them at a time, and tells each result as soon as it is there. */
export async function runFences(options: {
  readonly root: string;
  readonly atOnce: number;
  readonly onResult: (result: FenceResult) => void;
}): Promise<FenceResult[]> {
  const waiting = fencesOf(options.root);
  const results: FenceResult[] = [];
  const work = async (): Promise<void> => {
    for (let fence = waiting.shift(); fence; fence = waiting.shift()) {
      const result = await runFence(fence, options.root);
      results.push(result);
      options.onResult(result);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return results;
}
