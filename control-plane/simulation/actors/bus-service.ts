import type { CloudEvent } from '@slipway/contract';
import { plainType } from '@slipway/contract';
import type { Broker, BrokerDelivery } from '../world/broker.ts';
import type { Faults } from '../world/faults.ts';
import { Life } from '../world/life.ts';
import type { Random } from '../world/random.ts';
import type { Timeline } from '../world/timeline.ts';
import type { Asked, Fate, Phase } from './answering.ts';
import { answerEvent, drawFate, readAsked } from './answering.ts';

const SIGN_OF_LIFE_MS = 2000;

/** Publishes for somebody who is not the control plane, until the broker has it. */
export function publishUntilStored(
  at: { broker: Broker; timeline: Timeline; life: Life; random: Random },
  event: CloudEvent,
  about: { project: string; keptn: boolean },
  stored: () => void,
): void {
  const { broker, timeline, life, random } = at;
  const message = {
    messageId: event.id,
    dialect: about.keptn ? ('keptn' as const) : ('plain' as const),
    project: about.project,
    plainType: plainType(event.type),
    json: JSON.stringify(event),
  };
  const attempt = (): void => {
    const lost = random.chance(broker.faults.refused);
    const replyLost = random.chance(broker.faults.replyLost);
    timeline.after(broker.latency(), () => {
      const has = !lost && !broker.away;
      if (has) broker.store(message);
      if (has && !replyLost) life.later(broker.latency(), stored);
      else life.later(500 + random.next() * 500, attempt);
    });
  };
  if (life.alive) attempt();
}

/** A task service on the broker, with a ledger as the SDKs have one, and with all the ways in which services go wrong. */
export class BusService {
  readonly source: string;
  readonly task: string;
  faults: Faults['service'];
  #life: Life;
  readonly #options: { broker: Broker; timeline: Timeline; random: Random; onAnswer(event: CloudEvent): void };
  readonly #ledger = new Map<string, CloudEvent>();
  readonly #started = new Set<string>();
  #nonce = 0;

  constructor(
    source: string,
    task: string,
    faults: Faults['service'],
    options: { broker: Broker; timeline: Timeline; random: Random; onAnswer(event: CloudEvent): void },
  ) {
    this.source = source;
    this.task = task;
    this.faults = faults;
    this.#options = options;
    this.#life = new Life(options.timeline);
    this.#live();
  }

  #live(): void {
    const life = this.#life;
    const busy = new Set<string>();
    const leave = this.#options.broker.join(
      `service ${this.source}`,
      (message) => message.plainType === `${this.task}.triggered`,
      { deliver: (delivery) => this.#take(delivery, life, busy) },
    );
    life.onEnd(leave);
  }

  #die(): void {
    const { random, timeline } = this.#options;
    this.#life.end();
    if (random.chance(this.faults.forgetsLedger)) this.#ledger.clear();
    timeline.after(200 + random.next() * 4000, () => {
      this.#life = new Life(timeline);
      this.#live();
    });
  }

  #take(delivery: BrokerDelivery, life: Life, busy: Set<string>): void {
    const asked = readAsked(delivery.message.json);
    if (!asked) {
      delivery.ack();
      return;
    }
    const answered = this.#ledger.get(asked.id);
    if (answered) {
      this.#publish(life, asked, answered, () => delivery.ack());
      return;
    }
    // A repeat of what is being worked on: the first delivery of it will answer for both.
    if (busy.has(asked.id)) return;
    const fate = drawFate(this.#options.random, this.faults, asked, true);
    if (fate.never && !this.#started.has(asked.id)) {
      // It throws the task away: nobody has started it, so it has to be offered again.
      delivery.ack();
      return;
    }
    busy.add(asked.id);
    this.#started.add(asked.id);
    const begin = (): void => this.#work(delivery, life, asked, fate);
    if (fate.startedLate) begin();
    else this.#publish(life, asked, this.#event(asked, 'started'), begin);
  }

  #work(delivery: BrokerDelivery, life: Life, asked: Asked, fate: Fate): void {
    const { random, timeline } = this.#options;
    const until = timeline.now + fate.workMs;
    const signs = (): void => {
      if (timeline.now + SIGN_OF_LIFE_MS >= until) return;
      life.later(SIGN_OF_LIFE_MS, () => {
        delivery.working();
        this.#publish(life, asked, this.#event(asked, 'status.changed'), () => undefined);
        signs();
      });
    };
    signs();
    if (fate.dies) {
      life.later(random.next() * fate.workMs, () => this.#die());
      return;
    }
    life.later(fate.workMs, () => {
      const event = answerEvent(asked, 'finished', this.source, String(this.#nonce++), fate.result(0));
      this.#publish(life, asked, event, () => {
        this.#ledger.set(asked.id, event);
        this.#options.onAnswer(event);
        if (fate.startedLate) this.#publish(life, asked, this.#event(asked, 'started'), () => undefined);
        if (fate.answersTwice) {
          const second = answerEvent(asked, 'finished', this.source, String(this.#nonce++), fate.result(1));
          this.#publish(life, asked, second, () => undefined);
        }
        if (fate.diesAfterAnswer) this.#die();
        else delivery.ack();
      });
    });
  }

  #event(asked: Asked, phase: Phase): CloudEvent {
    const nonce = phase === 'started' ? '0' : String(this.#nonce++);
    return answerEvent(asked, phase, this.source, nonce, phase === 'status.changed' ? { fraction: 0.5 } : undefined);
  }

  #publish(life: Life, asked: Asked, event: CloudEvent, stored: () => void): void {
    publishUntilStored({ ...this.#options, life }, event, asked, stored);
  }
}
