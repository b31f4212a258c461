import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../tools/root.ts';
import type { Api } from './api.ts';

type Values = Record<string, Record<string, string>>;
type Brought = { secrets: Values; configMaps?: Values };

const ADMIN = 'the-admin-token-of-the-team';
const CREDENTIALS = { token: 'the-token-of-checknumber', 'nats-password': 'the-password-of-checknumber' };
const TOKENS = `admin * ${ADMIN}\nservice.checknumber services:read ${CREDENTIALS.token}\n`;
const FILES = { 'user.creds': 'stands for credentials', 'ca.crt': 'stands for a certificate' };
const GREETER = readFileSync(join(ROOT, 'services', 'greeter-python', 'main.py'), 'utf8');

/** What a team has made beside the chart before it installs a case, because its values name it. */
const BROUGHT: Record<string, Brought> = {
  'all-services': { secrets: {}, configMaps: { 'greeter-python': { 'main.py': GREETER } } },
  hardened: {
    secrets: {
      registry: { '.dockerconfigjson': '{"auths":{}}' },
      'slipway-tokens': { tokens: TOKENS, 'admin-token': ADMIN },
      'slipway-nats-user': { 'nats-password': 'a-password-of-the-team' },
      'checknumber-credentials': CREDENTIALS,
    },
    configMaps: { 'company-ca': { 'ca.crt': 'stands for a certificate' } },
  },
  'nats-mongo': {
    secrets: {
      'slipway-mongodb': { url: 'mongodb://mongodb.databases/slipway' },
      'slipway-broker': { url: 'nats://broker', ...FILES },
      'checknumber-credentials': { ...CREDENTIALS, 'nats-url': 'nats://broker', ...FILES },
    },
  },
};

export async function bring(api: Api, namespace: string, name: string): Promise<void> {
  const { secrets = {}, configMaps = {} } = BROUGHT[name] ?? {};
  for (const [secret, stringData] of Object.entries(secrets)) {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret }, stringData };
    await api.create(`/api/v1/namespaces/${namespace}/secrets`, object);
  }
  for (const [map, data] of Object.entries(configMaps)) {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: map }, data };
    await api.create(`/api/v1/namespaces/${namespace}/configmaps`, object);
  }
}
