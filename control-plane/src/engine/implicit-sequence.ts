import type { SequencePlan } from '@slipway/contract';

const HOUR_MS = 60 * 60 * 1000;

/**
 * What every stage can do although no shipyard says so. `evaluation` judges a span of time, as in Keptn, whose shipyards have
 * it in their plan already. `get-sli` asks an SLI provider for values: the evaluate service starts it while it works on an
 * evaluation, so it waits for no other run of the same service, or the two would wait for each other. Who asks has its own,
 * shorter deadline; the hour is for what nobody waits for any more.
 */
const IMPLICIT: ReadonlySet<string> = new Set(['get-sli', 'evaluation']);

export function implicitSequence(stage: string, name: string): SequencePlan | undefined {
  if (!IMPLICIT.has(name)) return undefined;
  return {
    stage,
    name,
    builtIn: true,
    triggeredOn: [],
    timeoutMs: HOUR_MS,
    tasks: [{ key: name, name, uses: name, needs: [], join: 'all', executors: 1 }],
  };
}
