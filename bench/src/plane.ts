import { join } from 'node:path';
import { type Measured, startNode } from './processes.ts';

export const PROJECT = 'bench';
/** Tasks of the measured sequence. */
export const TASKS = 3;
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: bench}
spec:
  stages:
    - name: dev
      sequences:
        - {name: seq, tasks: [{name: a}, {name: b}, {name: c}]}
        - {name: wait, tasks: [{name: nobody}]}
`;

/** Starts a control plane on a data folder, with the measured shipyard or another; answers how long it took until it was ready. */
export async function startPlane(
  dir: string,
  nats: string | undefined,
  shipyard = SHIPYARD,
): Promise<{ plane: Measured; url: string; readyMs: number }> {
  const begin = performance.now();
  const args = [
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--data',
    join(dir, 'data'),
    '--log-level',
    'warn',
    ...(nats ? ['--nats', nats] : []),
  ];
  const started = await startNode('control-plane', '../../cli/bin/slipway.js', args, {}, /listens on (http:\S+)/);
  const url = started.match[1] ?? '';
  const readyMs = performance.now() - begin;
  const put = await fetch(`${url}/v1/projects/${PROJECT}/shipyard`, {
    method: 'PUT',
    body: shipyard,
    headers: { 'content-type': 'application/yaml' },
  });
  if (!put.ok) throw new Error(`the shipyard was refused: ${await put.text()}`);
  return { plane: started.process, url, readyMs };
}
