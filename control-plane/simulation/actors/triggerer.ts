import type { CloudEvent } from '@slipway/contract';
import { spellType } from '@slipway/contract';
import { Refusal } from '../../src/runtime/control-plane.ts';
import type { Broker } from '../world/broker.ts';
import { Life } from '../world/life.ts';
import type { Random } from '../world/random.ts';
import type { Timeline } from '../world/timeline.ts';
import { publishUntilStored } from './bus-service.ts';
import type { Submit } from './claim-service.ts';
import { mayTryAgain, wait } from './claim-service.ts';

export type TriggerPlan = {
  id: string;
  stage: string;
  sequence: string;
  project: string;
  keptn: boolean;
  service: string | undefined;
};

function triggerEvent(plan: TriggerPlan, body: number): CloudEvent {
  return {
    specversion: '1.0',
    id: plan.id,
    source: 'tester',
    type: spellType(`${plan.stage}.${plan.sequence}.triggered`, plan.keptn ? 'keptn' : 'plain'),
    data: { project: plan.project, stage: plan.stage, body, ...(plan.service ? { service: plan.service } : {}) },
  };
}

/** Sends a trigger, and again with the same id until it is answered; some send it once more for no reason. */
export class Triggerer {
  readonly #options: { timeline: Timeline; random: Random; submit: Submit; broker: Broker | undefined };
  /** Triggers nobody has answered yet. */
  waiting = 0;

  constructor(options: { timeline: Timeline; random: Random; submit: Submit; broker: Broker | undefined }) {
    this.#options = options;
  }

  send(plan: TriggerPlan, atMs: number): void {
    const { timeline, random, broker } = this.#options;
    const life = new Life(timeline);
    const times = random.chance(0.15) ? random.between(2, 3) : 1;
    for (let time = 0; time < times; time++) {
      const otherBody = time > 0 && random.chance(0.2);
      const event = triggerEvent(plan, otherBody ? 1 : 0);
      this.waiting++;
      life.later(atMs + (time === 0 ? 0 : random.next() * 10_000), () => {
        if (broker && random.chance(0.3))
          publishUntilStored({ broker, timeline, life, random }, event, plan, () => void this.waiting--);
        else void this.#post(life, event);
      });
    }
  }

  async #post(life: Life, event: CloudEvent): Promise<void> {
    for (;;) {
      try {
        await this.#options.submit(life, event);
        break;
      } catch (error) {
        if (error instanceof Refusal && !mayTryAgain(error)) break;
        await wait(life, 500 + this.#options.random.next() * 500);
      }
    }
    this.waiting--;
  }
}
