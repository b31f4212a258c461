import type { Checks } from '../checks.ts';
import type { LivingRelease } from './release-pods.ts';

const GREETING = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: greeting}
spec:
  stages:
    - name: dev
      sequences:
        - name: greeting
          tasks: [{name: greet, with: {name: Kubernetes}}]
`;

/** A run for each service of the case with all services, whose result the command line waits for. */
export async function workOfServices({ commandLine }: LivingRelease, checks: Checks): Promise<void> {
  const pass = async (args: readonly string[], files?: Record<string, string>): Promise<void> => {
    const { code, output } = await commandLine(args, files);
    if (code !== 0) throw new Error(`slipway ${args.join(' ')} ended with ${code}:\n${output}`);
  };
  const runs = (sequence: string, project: string, data: object): Promise<void> =>
    pass(['trigger', sequence, '--project', project, '--data', JSON.stringify(data), '--wait', '30']);

  await checks.that('all-services: checknumber answers over NATS, as its own user there', async () => {
    await pass(['apply', '/app/shipyard-examples/checknumber.yaml', '--project', 'checknumber']);
    await runs('dev.sequence-one', 'checknumber', { checknumber: { number: '+49 30 901820' } });
  });
  await checks.that('all-services: photo-authenticity is pushed to through its Service, evaluate claims', async () => {
    await pass(['apply', '/app/shipyard-examples/photos.yaml', '--project', 'photos']);
    await runs('dev.authenticity', 'photos', { image: 'harbour.jpg' });
  });
  await checks.that(
    'all-services: a service with an image of its own, in Python, claims with the token of the chart',
    async () => {
      await pass(['apply', '/files/greeting.yaml', '--project', 'greeting'], { 'greeting.yaml': GREETING });
      await runs('dev.greeting', 'greeting', {});
    },
  );
}
