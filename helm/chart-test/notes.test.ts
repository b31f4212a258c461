import { expect, test } from 'vitest';
import { CHART, helm } from './helm.ts';

/** What an installation prints at its end, and what Helm would keep of it. */
async function install(values: object): Promise<{ notes: string; kept: string }> {
  const args = ['install', 'slipway', CHART, '--namespace', 'team', '--dry-run=client', '--output', 'json'];
  const ran = await helm(args, values);
  if (!ran.ok) throw new Error(ran.error);
  const release: { info: { notes: string }; config?: object; chart: { values: object } } = JSON.parse(ran.out);
  return { notes: release.info.notes, kept: JSON.stringify([release.config, release.chart.values]) };
}

test('the notes tell the next command', async () => {
  const { notes } = await install({});
  expect(notes).toContain('kubectl -n team rollout status statefulset/slipway\n');
  expect(notes).toContain('helm -n team test slipway\n');
  expect(notes).toContain("kubectl -n team get secret slipway-auth -o jsonpath='{.data.admin-token}' | base64 -d\n");
  expect(notes).toContain('kubectl -n team port-forward service/slipway 8484:8484\n');
  expect(notes).not.toContain('WARNING');
});

test.each<[what: string, values: object, says: string]>([
  ['MongoDB', { mongo: { existingSecret: 'm' } }, 'rollout status deployment/slipway'],
  ['an Ingress', { ingress: { enabled: true, hosts: ['a.example.org'] } }, 'http://a.example.org/'],
  [
    'an Ingress with TLS',
    { ingress: { enabled: true, hosts: ['a.example.org'], tls: [{}] } },
    'https://a.example.org/',
  ],
  ['tokens from elsewhere', { auth: { existingSecret: 'mine' } }, 'get secret mine -o'],
  ['no volume', { persistence: { enabled: false } }, 'WARNING: persistence.enabled is false'],
  ['a door that nobody may use', { service: { type: 'LoadBalancer' } }, 'set networkPolicy.ingressFrom'],
])('they fit %s', async (_, values, says) => {
  expect((await install(values)).notes).toContain(says);
});

test('what is generated is kept in Secrets, and not among the values of the release', async () => {
  const { kept } = await install({ services: [{ name: 'checknumber' }] });
  expect(kept).toContain('"name":"checknumber"');
  expect(kept).not.toMatch(/_secrets|\bs[A-Za-z0-9]{47}\b/);
});
