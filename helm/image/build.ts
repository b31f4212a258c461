/**
 * `npm run build:image -- --out DIR`: what goes into the image. DIR/app is the application layer, which Node 24 runs as it
 * stands, and DIR/sbom.cdx.json says what it is made of. The Dockerfile runs this same script.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../tools/root.ts';
import { bundlePrograms } from './bundle.ts';
import { bundleWeb } from './bundle-web.ts';
import { sizeOf } from './layer-size.ts';
import { writeNotice } from './notice.ts';
import { packagesOf } from './packages.ts';
import { makeSbom } from './sbom.ts';

/** Read by `slipway dev`, which looks for them below the root. */
const EXAMPLES = 'shipyard-examples';

const { values } = parseArgs({ options: { out: { type: 'string', default: '.cache/image' } } });
const out = resolve(values.out);
const app = join(out, 'app');
const services = servicesInTypeScript();

const started = performance.now();
clear(out);
const programs = await bundlePrograms({
  programs: {
    cli: 'cli/src/main.ts',
    ...Object.fromEntries(services.map((name) => [`service-${name}`, `services/${name}/src/main.ts`])),
  },
  app,
});
const web = await bundleWeb(join(app, 'web', 'dist'));
for (const file of [...programs.files, ...examples()]) place(file);
for (const name of services) {
  write(`services/${name}/main.js`, `import '../../lib/service-${name}.js';\n`);
  if (existsSync(join(ROOT, 'services', name, 'NOTICE'))) place(`services/${name}/NOTICE`);
}
copyFileSync(join(import.meta.dirname, 'entry.js'), join(app, 'slipway.js'));
copyFileSync(join(ROOT, 'LICENSE'), join(app, 'LICENSE'));
write('package.json', '{ "name": "slipway-image", "private": true, "type": "module" }\n');

const packages = packagesOf([...programs.modules, ...web.modules]);
writeNotice({ file: join(app, 'NOTICE'), packages, services });
writeFileSync(join(out, 'sbom.cdx.json'), `${JSON.stringify(await makeSbom(packages), undefined, 2)}\n`);

const size = sizeOf(app);
const took = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${app}: ${mb(size.bytes)} in ${size.files} files, ${mb(size.gzipped)} compressed`);
console.log(`  command line and control plane, ${services.join(', ')}, the web view, the example shipyards`);
console.log(`  ${packages.length} packages, all in its NOTICE and in ${join(out, 'sbom.cdx.json')}; ${took} s`);

/** The others need Python, or curl, which the image does not have. */
function servicesInTypeScript(): string[] {
  return readdirSync(join(ROOT, 'services'))
    .filter((name) => existsSync(join(ROOT, 'services', name, 'src', 'main.ts')))
    .toSorted();
}

function examples(): string[] {
  return readdirSync(join(ROOT, EXAMPLES))
    .filter((file) => /\.ya?ml$/.test(file))
    .map((file) => `${EXAMPLES}/${file}`);
}

/** An earlier result goes, anything else is not ours to delete. */
function clear(folder: string): void {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  const foreign = there.filter((name) => name !== 'app' && name !== 'sbom.cdx.json');
  if (foreign.length > 0) throw new Error(`${folder} holds ${foreign[0]}, not of this script: take an empty folder`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(app, { recursive: true });
}

function place(path: string): void {
  mkdirSync(dirname(join(app, path)), { recursive: true });
  cpSync(join(ROOT, path), join(app, path), { recursive: true });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(app, path)), { recursive: true });
  writeFileSync(join(app, path), text);
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
