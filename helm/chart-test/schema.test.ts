import { expect, test } from 'vitest';
import { CHART, helm, render } from './helm.ts';

const service = (more: object): object => ({ services: [{ name: 'build', image: 'x', ...more }] });
const MONGO = { mongo: { existingSecret: 'mongo' } };
const NATS = { nats: { enabled: true } };

/** Values that are refused, and what the message says: the place, and the name or the way out. */
const REFUSED: [what: string, values: object, says: RegExp][] = [
  ['a misspelled key', { replcias: 2 }, /'replcias' not allowed/],
  [
    'a misspelled key further in',
    { persistence: { storageclass: 'x' } },
    /at '\/persistence'.*'storageclass' not allowed/s,
  ],
  ['a misspelled key of a service', service({ conect: 'nats' }), /at '\/services\/0'.*'conect' not allowed/s],
  [
    'a way to connect that is none',
    service({ connect: 'grpc' }),
    /at '\/services\/0\/connect'.*'claim', 'nats', 'push'/s,
  ],
  ['a permission that is none', service({ permissions: ['runs:write'] }), /at '\/services\/0\/permissions\/0'/],
  ['a service without a name', { services: [{ image: 'x' }] }, /missing property 'name'/],
  [
    'a service with the name of something else',
    { services: [{ name: 'nats', image: 'x' }] },
    /at '\/services\/0\/name'/,
  ],
  ['a name that is no DNS label', { services: [{ name: 'Build_It', image: 'x' }] }, /at '\/services\/0\/name'/],
  [
    'two services of a name',
    {
      services: [
        { name: 'a', image: 'x' },
        { name: 'a', image: 'y' },
      ],
    },
    /services\[1\] \(a\): the name is used before/,
  ],
  [
    'a service that the image has not',
    { services: [{ name: 'checknumbr' }] },
    /the image has no service of this name, only checknumber, evaluate/,
  ],
  [
    'a service on NATS without NATS',
    service({ connect: 'nats' }),
    /services\[0\] \(build\): connect: nats needs nats.enabled: true/,
  ],
  [
    'a service on an external NATS without a user',
    { nats: { enabled: true, url: 'nats://x' }, ...service({ connect: 'nats' }) },
    /needs an existingSecret with the key nats-url/,
  ],
  ['a token of its own without its hash', service({ existingSecret: 'mine' }), /needs tokenSha256/],
  [
    'a generated token beside a token file of your own',
    { auth: { existingSecret: 'mine' }, ...service({}) },
    /with auth.existingSecret it needs an existingSecret as well/,
  ],
  ['replicas without anything to share', { replicas: 2 }, /at '\/nats\/enabled': value must be true/],
  ['replicas without MongoDB', { replicas: 2, ...NATS }, /at '\/mongo'/],
  ['replicas without NATS', { replicas: 3, ...MONGO }, /at '\/nats\/enabled': value must be true/],
  ['no replica', { replicas: 0 }, /at '\/replicas': minimum/],
  ['two databases', { ...MONGO, postgres: { existingSecret: 'pg' } }, /not/],
  [
    'two places for PostgreSQL',
    { postgres: { url: 'postgres://x/y', existingSecret: 'z' } },
    /at '\/postgres\/existingSecret'/,
  ],
  ['two places for MongoDB', { mongo: { url: 'mongodb://x/y', existingSecret: 'z' } }, /at '\/mongo\/existingSecret'/],
  [
    'two places for NATS',
    { nats: { enabled: true, url: 'nats://x', existingSecret: 'z' } },
    /at '\/nats\/existingSecret'/,
  ],
  ['a key of a Secret that is not named', { nats: { enabled: true, credsKey: 'creds' } }, /at '\/nats\/credsKey'/],
  ['an address that is none', { mongo: { url: 'localhost' } }, /at '\/mongo\/url'.*does not match/],
  ['less time than the drain', { terminationGracePeriodSeconds: 30 }, /at '\/terminationGracePeriodSeconds': minimum/],
  ['an Ingress without a host', { ingress: { enabled: true } }, /at '\/ingress\/hosts': minItems/],
  ['an HTTPRoute without a Gateway', { httpRoute: { enabled: true } }, /at '\/httpRoute\/parentRefs': minItems/],
  [
    'a budget that lets nothing go',
    { podDisruptionBudget: { enabled: true, maxUnavailable: 0 } },
    /at '\/podDisruptionBudget\/maxUnavailable'/,
  ],
  ['a quantity that is none', { persistence: { size: '10 GB' } }, /at '\/persistence\/size'/],
  ['a log level that is none', { logLevel: 'warning' }, /at '\/logLevel'.*'warn'/],
  [
    'a token in the clear among the hashes',
    { auth: { extraTokens: ['ci events:write f3b1c2f3b1c2f3b1c2'] } },
    /at '\/auth\/extraTokens\/0'/,
  ],
  ['a digest that is none', { image: { digest: 'latest' } }, /at '\/image\/digest'/],
];

test.each(REFUSED)('%s is refused, and the message says where', async (_, values, says) => {
  const { ok, error } = await helm(['template', 'slipway', CHART], values);
  expect(ok).toBe(false);
  expect(error).toMatch(says);
});

const TAKEN: [what: string, values: object][] = [
  ['two replicas that share both', { replicas: 2, ...MONGO, ...NATS }],
  ['values for all charts of a parent', { global: { anything: 1 } }],
  ['MongoDB without NATS, for one replica', MONGO],
  [
    'every way to connect',
    {
      ...NATS,
      services: [
        { name: 'evaluate' },
        { name: 'checknumber', connect: 'nats' },
        { name: 'photo-authenticity', connect: 'push' },
      ],
    },
  ],
];

test.each(TAKEN)('%s is taken', async (_, values) => {
  expect(await render(values)).toContain('kind: Service');
});
