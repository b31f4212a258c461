import type { World } from '../world.ts';

const BATCH_MAX = 100;

/** A shipyard with one long sequence of tasks `t1`, `t2`, ... that all trigger `work`. */
export function longShipyard(tasks: number): string {
  const lines = Array.from({ length: tasks }, (_, index) => `            - {name: t${index + 1}, uses: work}`);
  return `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: long}
spec:
  stages:
    - name: dev
      sequences:
        - name: long
          tasks:
${lines.join('\n')}
`;
}

/** So many reports of progress on one attempt, through the public door. */
export async function reportProgress(
  world: World,
  attempt: { id: string; type: string },
  count: number,
): Promise<void> {
  const type = attempt.type.replace('.triggered', '.status.changed');
  const report = (index: number): object => ({
    specversion: '1.0',
    id: `progress-${index}`,
    source: '/test/worker',
    type,
    causationid: attempt.id,
    data: { fraction: index / count, message: `step ${index}` },
  });
  for (let first = 1; first <= count; first += BATCH_MAX) {
    const batch = Array.from({ length: Math.min(BATCH_MAX, count - first + 1) }, (_, index) => report(first + index));
    await world.api('POST', '/v1/events', batch, 'application/cloudevents-batch+json');
  }
}
