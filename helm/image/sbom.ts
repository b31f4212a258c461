import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ROOT } from '../../tools/root.ts';
import { type BundledPackage, ownVersion } from './packages.ts';

const component = z.looseObject({ 'bom-ref': z.string(), name: z.string(), version: z.string() });
const bom = z.looseObject({
  metadata: z.looseObject({}),
  components: z.array(component),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

const NPM_OUTPUT_MAX = 64 * 1024 * 1024;

/**
 * CycloneDX of what is in the layer: npm's own list of the lock file, with its addresses, hashes and licences, cut down to the
 * packages that were bundled. Node and the system below it are the base image's, whose own SBOM names them.
 */
export async function makeSbom(packages: readonly BundledPackage[]): Promise<object> {
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
  // Vite has said `production`, and npm would leave out what the root itself needs for its tests, such as the driver of MongoDB.
  const env = { ...process.env, NODE_ENV: undefined };
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT, env, maxBuffer: NPM_OUTPUT_MAX });
  const whole = bom.parse(JSON.parse(stdout));
  const wanted = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const components = whole.components.filter((one) => wanted.delete(`${one.name}@${one.version}`));
  if (wanted.size > 0) throw new Error(`bundled, but not in the lock file: ${[...wanted].join(', ')}`);
  const refs = new Set(components.map((one) => one['bom-ref']));
  const self = { type: 'application', 'bom-ref': 'slipway', name: 'slipway', version: ownVersion(ROOT) };
  return {
    bomFormat: 'CycloneDX',
    specVersion: whole.specVersion,
    version: 1,
    metadata: { component: { ...self, licenses: [{ license: { id: 'Apache-2.0' } }] } },
    // The web view's packages stand in the lock file as development's, because it is built; its page ships them all the same.
    components: components.map((one) => ({ ...one, scope: 'required', properties: [] })),
    dependencies: [
      { ref: 'slipway', dependsOn: [...refs] },
      ...whole.dependencies
        .filter(({ ref }) => refs.has(ref))
        .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
    ],
  };
}
