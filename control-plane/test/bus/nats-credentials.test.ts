import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNats } from '../../../tools/test-servers.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'slipway-nats-credentials-'));
const file = (name: string): string => join(dir, name);
const inFile = (name: string, text: string): string => {
  writeFileSync(file(name), text);
  return file(name);
};

afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function isTaken(options: Parameters<typeof openNatsBus>[0]): Promise<boolean> {
  const bus = await openNatsBus({ connectTimeoutMs: 1_000, ...options }).catch(() => undefined);
  const { connected } = bus?.status() ?? { connected: false };
  await bus?.close();
  return connected;
}

test('user and password of the address', async () => {
  await using nats = await startNats({ config: 'authorization { user: me, password: "p@ss:word" }' });
  const as = (login: string): string => nats.url.replace('//', `//${login}@`);
  expect(await isTaken({ servers: as('me:p%40ss%3Aword') })).toBe(true);
  expect(await isTaken({ servers: as('me:wrong') })).toBe(false);
  expect(await isTaken({ servers: nats.url })).toBe(false);
});

test('a server that shows a certificate of the authority, and no other', async () => {
  await using nats = await startNats({
    config: `tls { cert_file: "${file('server.crt')}", key_file: "${file('server.key')}" }`,
  });
  // The client compares the certificate with a name only, never with an IP address.
  const servers = nats.url.replace('127.0.0.1', 'localhost');
  expect(await isTaken({ servers, tls: { caFile: file('ca.crt') } })).toBe(true);
  expect(await isTaken({ servers, tls: { caFile: file('other.crt') } })).toBe(false);
});

test('a credentials file of an account that the operator made', async () => {
  const { config, creds, foreign } = makeOperator();
  await using nats = await startNats({ config });
  expect(await isTaken({ servers: nats.url, credsFile: inFile('good.creds', creds) })).toBe(true);
  expect(await isTaken({ servers: nats.url, credsFile: inFile('foreign.creds', foreign) })).toBe(false);
});

beforeAll(() => {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'ignore'] });
  };
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  for (const name of ['ca', 'other']) {
    openssl('req', '-x509', ...fresh, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`);
  }
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost'];
  openssl('req', '-x509', ...fresh, ...signed, '-subj', '/CN=nats', '-keyout', 'server.key', '-out', 'server.crt');
});

/** What `nsc` makes: JWTs of an operator, an account with JetStream and a user; and a user of an account that nobody signed. */
function makeOperator(): { config: string; creds: string; foreign: string } {
  const operator = nkeys.createOperator();
  const [account, system, stranger] = [nkeys.createAccount(), nkeys.createAccount(), nkeys.createAccount()];
  const unlimited = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
  const accountJwt = (subject: nkeys.KeyPair, storage: object): string =>
    jwt(operator, subject, { type: 'account', version: 2, limits: { ...unlimited, ...storage } });
  const credsOf = (signer: nkeys.KeyPair): string => {
    const user = nkeys.createUser();
    const token = jwt(signer, user, { type: 'user', version: 2, subs: -1, data: -1, payload: -1 });
    const seed = Buffer.from(user.getSeed()).toString();
    return `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;
  };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const preload = [
    `${account.getPublicKey()}: ${accountJwt(account, storage)}`,
    `${system.getPublicKey()}: ${accountJwt(system, {})}`,
  ];
  const operatorJwt = jwt(operator, operator, {
    ...{ type: 'operator', version: 2, system_account: system.getPublicKey() },
  });
  const config = `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: {\n${preload.join('\n')}\n}`;
  return { config, creds: credsOf(account), foreign: credsOf(stranger) };
}

function jwt(signer: nkeys.KeyPair, subject: nkeys.KeyPair, nats: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iat: 1, jti: 'test', iss: signer.getPublicKey(), sub: subject.getPublicKey(), name: 'test', nats };
  const signedPart = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(claims)}`;
  return `${signedPart}.${Buffer.from(signer.sign(Buffer.from(signedPart))).toString('base64url')}`;
}
