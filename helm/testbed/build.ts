import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE } from '../../tools/root.ts';
import { onPath, run } from '../../tools/servers/command.ts';

/** Without it Helm, and every chart that asks for a version, would see v0.0.0. */
const VERSION = /k8s\.io\/kubernetes v(\d+)\.(\d+)\.\d+/;

export type Programs = { etcd: string; apiserver: string };

/** Where etcd and kube-apiserver are: in the cache folder, built when their modules are not the ones of an earlier build. */
export async function buildServers(say: (line: string) => void): Promise<Programs> {
  return { etcd: await build('etcd', say), apiserver: await build('apiserver', say) };
}

async function build(name: string, say: (line: string) => void): Promise<string> {
  const module = join(import.meta.dirname, name);
  const sources = ['go.mod', 'go.sum', 'main.go'].map((file) => readFileSync(join(module, file), 'utf8'));
  const key = createHash('sha256').update(sources.join('\0')).digest('hex').slice(0, 12);
  const program = join(CACHE, 'testbed', `${name}-${key}`);
  if (existsSync(program)) return program;

  const go = onPath('go', ['/usr/local/go/bin']);
  if (go === undefined) throw new Error(`${name} is built from its Go module, and there is no go on PATH`);
  await mkdir(join(CACHE, 'testbed'), { recursive: true });
  const started = performance.now();
  say(`building ${name} (once; kube-apiserver takes about 6 minutes of processor time) ...`);
  const partly = `${program}.part`;
  const args = ['build', '-trimpath', `-ldflags=-s -w ${versionFlags(sources[0] ?? '')}`, '-o', partly, '.'];
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  const built = await run(go, args, { cwd: module, env });
  if (!built.ok) throw new Error(`go build of ${name} failed:\n${built.output.trim()}`);
  await rename(partly, program);
  say(`built ${name} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return program;
}

function versionFlags(module: string): string {
  const [found, major, minor] = VERSION.exec(module) ?? [];
  if (found === undefined) return '';
  const values = { gitVersion: found.split(' ')[1], gitMajor: major, gitMinor: minor };
  return Object.entries(values)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}
