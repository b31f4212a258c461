import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { createClient } from '@slipway/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../../tools/root.ts';
import { runCurlLines } from '../../../tools/test/readme-lines.ts';
import { startMongo, startNats } from '../../../tools/test-servers.ts';
import { Layer } from './layer.ts';

const SERVING = /"serving"/;
const IMPORT = /^(?:import|export) .*?["']([^"']+)["'];?$/gm;
const REQUIRE = /__require\(["']([^"']+)["']\)/g;
const OPTIONAL = new Set([
  ...['kerberos', '@mongodb-js/zstd', 'snappy', 'socks', 'mongodb-client-encryption'],
  ...['gcp-metadata', '@aws-sdk/credential-providers', 'pg-native'],
]);

let layer: Layer;
let url: string;

beforeAll(async () => {
  layer = new Layer();
  url = await serve([]);
});

// None, when it could not be made.
afterAll(() => layer?.[Symbol.asyncDispose]());

async function serve(args: string[]): Promise<string> {
  const found = await layer.start(['serve', '--listen', '127.0.0.1:0', '--data', './data', ...args], {
    ready: /listens on (http:\S+)/,
  });
  return found[1] ?? '';
}

function example(name: string): string {
  return readFileSync(join(layer.app, 'shipyard-examples', `${name}.yaml`), 'utf8');
}

test('the layer says what it weighs, and that is little', () => {
  const megabytes = /: ([\d.]+) MB in \d+ files, ([\d.]+) MB compressed/.exec(layer.said)?.slice(1).map(Number);
  expect(megabytes?.[0], layer.said).toBeLessThan(12);
});

test('the curl lines of the README pass against its control plane', async () => {
  expect(await runCurlLines(url)).toMatchObject({ state: 'finished', result: 'pass' });
});

test('the web view is served, with every script and style that its page names', async () => {
  const page = await fetch(`${url}/runs`, { headers: { accept: 'text/html' } });
  expect(page.status).toBe(200);
  const named = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
  expect(named.length).toBeGreaterThanOrEqual(3);
  for (const path of named) {
    const answer = await fetch(`${url}${path}`);
    expect(answer.status, path).toBe(200);
    expect(answer.headers.get('content-type'), path).toMatch(/javascript|css|svg/);
  }
});

test('photo-authenticity and evaluate answer the tasks of the example of photos', async () => {
  const client = createClient({ server: url });
  await client.putShipyard({ project: 'photos', body: example('photos') });
  const env = { SLIPWAY_SERVER: url };
  await layer.start(['service', 'photo-authenticity'], { env, ready: SERVING });
  await layer.start(['service', 'evaluate'], { env, ready: SERVING });
  const data = { image: 'harbour.jpg' };
  const run = await client.trigger({ project: 'photos', stage: 'dev', sequence: 'authenticity', data, waitS: 60 });
  expect(run).toMatchObject({ state: 'finished', result: 'pass', output: { place: 'Hamburg', country: 'DE' } });
  client.close();
});

test('with NATS and MongoDB, checknumber answers over NATS', async () => {
  await using nats = await startNats();
  await using mongo = await startMongo();
  const server = await serve(['--nats', nats.url, '--mongo', mongo.url.replace('/?', '/image?')]);
  const client = createClient({ server });
  await client.putShipyard({ project: 'checknumber', body: example('checknumber') });
  const env = { SLIPWAY_SERVER: server, SLIPWAY_NATS: nats.url };
  await layer.start(['service', 'checknumber'], { env, ready: SERVING });
  const data = { checknumber: { number: '+49 30 901820' } };
  const run = await client.trigger({
    ...{ project: 'checknumber', stage: 'dev', sequence: 'sequence-one' },
    data,
    waitS: 60,
  });
  expect(run).toMatchObject({ result: 'pass', output: { checknumber: { country: 'DE' } } });
  client.close();
});

test('the command line is the default: dev runs an example through the services that are in the image', async () => {
  const { code, output } = await layer.run(['dev', '--once']);
  expect(code, output).toBe(0);
  expect(output).toContain('checknumber, evaluate, photo-authenticity');
});

test('an unknown service is refused with the names of those that there are', async () => {
  const { code, output } = await layer.run(['service', 'greeter-python']);
  expect(code).toBe(2);
  expect(output).toContain('The image has: checknumber, evaluate, photo-authenticity.');
});

test('the layer holds no packages, no TypeScript and no tests, and its code imports only itself and Node', () => {
  const files = readdirSync(layer.app, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => /node_modules|\.tsx?$|\.map$|(^|\/)test\//.test(file))).toEqual([]);
  const code = files
    .filter((file) => file.endsWith('.js') && !file.startsWith('web/'))
    .map((file) => readFileSync(join(layer.app, file), 'utf8'));
  const imported = code.flatMap((text) => [...text.matchAll(IMPORT)].map((match) => match[1] ?? ''));
  expect(imported.length).toBeGreaterThan(100);
  expect(imported.filter((name) => !name.startsWith('.') && !isBuiltin(name))).toEqual([]);
  // What the drivers of MongoDB and PostgreSQL would use if it were there.
  const required = code.flatMap((text) => [...text.matchAll(REQUIRE)].map((match) => match[1] ?? ''));
  expect(new Set(required.filter((name) => !isBuiltin(name)))).toEqual(OPTIONAL);
});

test('its SBOM and its NOTICE name the same packages, each as the lock file has it', () => {
  const sbom: { components: { name: string; version: string; hashes: { content: string }[] }[] } = JSON.parse(
    readFileSync(join(layer.folder, 'sbom.cdx.json'), 'utf8'),
  );
  const names = sbom.components.map(({ name, version }) => `${name} ${version}`).toSorted();
  const notice = readFileSync(join(layer.app, 'NOTICE'), 'utf8');
  const noticed = [...notice.matchAll(/^ {2}(\S+ \d\S+) {2}\S+$/gm)].map((match) => match[1]).toSorted();
  expect(names).toEqual(noticed);
  for (const name of ['express', 'mongodb', 'react', 'zod', '@nats-io/jetstream', 'libphonenumber-js']) {
    expect(
      names.some((one) => one.startsWith(`${name} `)),
      name,
    ).toBe(true);
  }
  expect(sbom.components.filter(({ hashes }) => !hashes[0]?.content)).toEqual([]);
  expect(notice).toContain('GeoNames');
});

test('the Dockerfile runs this build, copies what it makes, and ends as a user with a number', () => {
  const text = readFileSync(join(ROOT, 'helm/image/Dockerfile'), 'utf8');
  expect(text).toContain('RUN node helm/image/build.ts --out /image\n');
  const copied = [...text.matchAll(/^COPY --from=build \/image\/(\S+) (\S+)$/gm)].map((match) => match[1] ?? '');
  expect(copied).toEqual(['app', 'sbom.cdx.json']);
  expect(copied.filter((path) => !existsSync(join(layer.folder, path)))).toEqual([]);
  expect(text).toContain('ENTRYPOINT ["node", "/app/slipway.js"]\n');
  expect(text.slice(text.lastIndexOf('FROM '))).toMatch(/^USER 1000:1000$/m);
});
