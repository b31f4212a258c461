import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { onPath } from '../../tools/servers/command.ts';
import type { Api } from './api.ts';

/** Whose kinds the chart can make, from the modules that define them. Gateway API 1.7 needs a newer Go than Kubernetes 1.36 does. */
const MODULES = [
  {
    module: 'sigs.k8s.io/gateway-api@v1.6.3',
    folder: 'config/crd/standard',
    files: ['gateway.networking.k8s.io_gateways.yaml', 'gateway.networking.k8s.io_httproutes.yaml'],
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    folder: 'example/prometheus-operator-crd',
    files: ['monitoring.coreos.com_servicemonitors.yaml', 'monitoring.coreos.com_prometheusrules.yaml'],
  },
] as const;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ESTABLISHED_MS = 30_000;
const LOOK_MS = 100;

const definitionSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() }),
    }),
  ),
});

/** Loads the definitions; answers how many. They are fetched as Go modules are, and kept in Go's module cache. */
export async function loadCrds(api: Api): Promise<number> {
  const texts = await Promise.all(
    MODULES.map(async ({ module, folder, files }) => {
      const dir = await downloadModule(module);
      return files.map((file) => readFileSync(join(dir, folder, file), 'utf8'));
    }),
  );
  for (const text of texts.flat()) await api.create(DEFINITIONS, text, 'application/yaml');
  await untilEstablished(api, texts.flat().length);
  return texts.flat().length;
}

async function downloadModule(module: string): Promise<string> {
  const go = onPath('go', ['/usr/local/go/bin']);
  if (go === undefined) throw new Error(`${module} is a Go module, and there is no go on PATH`);
  // Outside of every module, so that no go.mod has a say.
  const { stdout } = await promisify(execFile)(go, ['mod', 'download', '-json', module], { cwd: tmpdir() });
  return z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir;
}

async function untilEstablished(api: Api, count: number): Promise<void> {
  for (const deadline = Date.now() + ESTABLISHED_MS; Date.now() < deadline; await delay(LOOK_MS)) {
    const { items } = definitionSchema.parse(await api.get(DEFINITIONS));
    const established = items.filter(({ status }) =>
      status.conditions?.some((one) => one.type === 'Established' && one.status === 'True'),
    );
    if (established.length === count) return;
  }
  throw new Error(`not all CustomResourceDefinitions were established in ${ESTABLISHED_MS} ms`);
}
