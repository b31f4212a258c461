import type { Plan } from '@slipway/contract';
import { parseShipyard } from '../../src/shipyard/index.ts';
import { deepFreeze } from '../world/database.ts';
import { Random } from '../world/random.ts';

export type DrawnShipyard = { text: string; plan: Plan; keptn: boolean };

const STAGES = ['dev', 'stage', 'prod'];
const TASK_TYPES = ['build', 'test', 'deploy', 'check'];

const kept = new Map<number, DrawnShipyard>();

/** The shipyard of a number: parsed by the real reader, once per process. */
export function shipyardOf(number: number): DrawnShipyard {
  let drawn = kept.get(number);
  if (!drawn) {
    const random = new Random(number + 1);
    const keptn = random.chance(0.35);
    // JSON is YAML.
    const text = JSON.stringify(keptn ? keptnShipyard(random) : ourShipyard(random));
    const { plan, problems } = parseShipyard(text);
    if (!plan) throw new Error(`shipyard ${number} cannot be read: ${JSON.stringify(problems)}\n${text}`);
    drawn = { text, plan: deepFreeze(plan), keptn };
    kept.set(number, drawn);
  }
  return drawn;
}

function keptnShipyard(random: Random): object {
  const stages = STAGES.slice(0, random.between(1, 3));
  return {
    apiVersion: 'spec.keptn.sh/0.2.3',
    kind: 'Shipyard',
    metadata: { name: 'simulated' },
    spec: {
      stages: stages.map((name, index) => ({
        name,
        sequences: [
          {
            name: 'delivery',
            ...(index > 0 ? { triggeredOn: [triggeredOn(random, `${stages[index - 1]}.delivery`)] } : {}),
            tasks: Array.from({ length: random.between(1, 4) }, () => ({
              name: random.pick(TASK_TYPES),
              ...(random.chance(0.2) ? { triggeredAfter: `${random.between(1, 4)}s` } : {}),
              ...(random.chance(0.3) ? { properties: { depth: random.between(1, 9) } } : {}),
            })),
          },
        ],
      })),
    },
  };
}

function ourShipyard(random: Random): object {
  const stages = STAGES.slice(0, random.between(1, 3));
  return {
    apiVersion: 'slipway.dev/v1',
    kind: 'Shipyard',
    metadata: { name: 'simulated' },
    spec: {
      stages: stages.map((name, index) => ({
        name,
        sequences: Array.from({ length: random.chance(0.2) ? 2 : 1 }, (_, which) => ({
          name: which === 0 ? 'delivery' : 'other',
          ...(index > 0 && which === 0 ? { triggeredOn: [triggeredOn(random, `${stages[index - 1]}.delivery`)] } : {}),
          ...(random.chance(0.45) ? { concurrency: concurrency(random) } : {}),
          ...(random.chance(0.15) ? { timeout: `${random.between(20, 90)}s` } : {}),
          tasks: Array.from({ length: random.between(1, 4) }, (_one, place) => ourTask(random, place)),
        })),
      })),
    },
  };
}

function triggeredOn(random: Random, event: string): object {
  const fit = random.below(4);
  if (fit === 0)
    return { event: `${event}.finished`, selector: { match: { result: random.pick(['pass', 'fail', 'warning']) } } };
  return { event: `${event}.finished` };
}

function concurrency(random: Random): object {
  return {
    group: random.pick(['one', '${{ service }}', 'x-${{ data.project }}']),
    limit: random.pick([1, 1, 1, 2, 3]),
    policy: random.chance(0.85) ? 'queue' : 'reject',
  };
}

function ourTask(random: Random, place: number): object {
  return {
    name: `t${place}`,
    uses: random.pick(TASK_TYPES),
    ...(random.chance(0.45) ? { retry: retry(random) } : {}),
    ...(random.chance(0.3) ? { timeout: `${random.between(2, 30)}s` } : {}),
    ...(random.chance(0.2) ? { startTimeout: `${random.between(5, 60)}s` } : {}),
    ...(random.chance(0.2) ? { heartbeat: `${random.between(3, 12)}s` } : {}),
    ...(random.chance(0.1) ? { triggeredAfter: `${random.between(1, 4)}s` } : {}),
    ...(random.chance(0.2) ? { executors: 2 } : {}),
  };
}

function retry(random: Random): object {
  return {
    attempts: random.between(2, 5),
    delay: random.pick(['0s', '500ms', '2s', '5s']),
    backoff: random.pick(['fixed', 'linear', 'exponential']),
    jitter: random.pick([0, 0.2, 1]),
    ...(random.chance(0.2) ? { when: '${{ error.code != "BROKEN" }}' } : {}),
  };
}
