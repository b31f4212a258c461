import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { ROOT } from '../../tools/root.ts';
import { programPath } from '../../tools/test-servers.ts';

export const CHART = join(ROOT, 'helm', 'slipway');
const VALUES = join(CHART, 'ci');

/** The values files, by name. */
export const VALUES_FILES = readdirSync(VALUES).map((file) => basename(file, '.yaml'));

/** A Kubernetes object, as far as tests look into it. */
export interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  data?: Record<string, string>;
  spec?: Record<string, unknown>;
}

export interface Ran {
  ok: boolean;
  out: string;
  error: string;
}

/** Runs Helm with these arguments, and with these values on its standard input. */
export function helm(args: readonly string[], values?: object): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const more = values === undefined ? [] : ['--values', '-'];
  const child = execFile(programPath('helm'), [...args, ...more], { timeout: 120_000 }, (error, out, stderr) => {
    resolve({ ok: error === null, out, error: stderr });
  });
  child.stdin?.end(values === undefined ? '' : JSON.stringify(values));
  return promise;
}

export function valuesFile(name: string): string {
  return join(VALUES, `${name}.yaml`);
}

/** What the chart makes of values, which are those of a file of ci/ or given. */
export async function render(values: string | object): Promise<string> {
  const args = ['template', 'slipway', CHART, '--namespace', 'slipway', '--kube-version', '1.36.0'];
  const ran = await (typeof values === 'string' ? helm([...args, '--values', valuesFile(values)]) : helm(args, values));
  if (!ran.ok) throw new Error(ran.error);
  return ran.out;
}

export async function manifests(values: string | object): Promise<Manifest[]> {
  return loadAll(await render(values)).filter((one): one is Manifest => typeof one === 'object' && one !== null);
}

export function named(all: readonly Manifest[], kind: string, name: string): Manifest {
  const found = all.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

/** The data of a Secret, decoded. */
export function secretData(all: readonly Manifest[], name: string): Record<string, string> {
  const { data = {} } = named(all, 'Secret', name);
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}
