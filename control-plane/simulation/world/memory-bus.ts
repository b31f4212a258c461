import { parseEventType } from '@slipway/contract';
import type { Bus, BusMessage, Delivery } from '../../src/bus/bus.ts';
import { BusUnavailable, MessageRefused } from '../../src/bus/bus.ts';
import type { Broker, BrokerDelivery, StoredMessage } from './broker.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

const PUBLISH_TIMEOUT_MS = 5000;
const BATCH_MS = 1;
const HEADERS: ReadonlyMap<string, string> = new Map([['content-type', 'application/cloudevents+json']]);

/** What others send to the control plane, and what it sends to itself for the next stage. */
function isForControlPlane({ plainType }: Pick<StoredMessage, 'plainType'>): boolean {
  const kind = parseEventType(plainType);
  if (kind?.of === 'sequence') return kind.phase === 'triggered';
  return kind?.phase === 'started' || kind?.phase === 'finished' || kind?.phase === 'status.changed';
}

/** The bus as one life of a replica has it. */
export function openMemoryBus(options: {
  broker: Broker;
  timeline: Timeline;
  life: Life;
  random: Random;
  /** Everything this replica asks the broker to store. */
  onPublish(message: BusMessage): void;
  /** It says that it and all it caused are durable. */
  onAck(message: StoredMessage): void;
}): Bus {
  const { broker, timeline, life, random, onPublish, onAck } = options;
  const unsent = new Set<{ cut: boolean }>();
  life.onEnd(() => {
    for (const one of unsent) if (random.chance(0.5)) one.cut = true;
  });
  let leave: () => void = () => undefined;

  /** Resolves when the broker has said that it has the message. */
  function publishOne(message: BusMessage): Promise<void> {
    onPublish(message);
    const { faults } = broker;
    return new Promise((resolve, reject) => {
      const sent = { cut: false };
      unsent.add(sent);
      const fail = (why: string): void => reject(new BusUnavailable(`${message.messageId}: ${why}`));
      const refused = random.chance(faults.refused);
      const replyLost = random.chance(faults.replyLost);
      timeline.after(broker.latency(), () => {
        unsent.delete(sent);
        if (sent.cut) return;
        if (broker.cannotTake(message)) {
          life.later(broker.latency(), () => reject(new MessageRefused(message.messageId, 'it is too large')));
          return;
        }
        if (refused || broker.away) {
          life.later(broker.latency(), () => fail('the broker is away'));
          return;
        }
        broker.store(message);
        if (!replyLost) life.later(broker.latency(), resolve);
      });
      life.later(PUBLISH_TIMEOUT_MS, () => fail('no answer in time'));
    });
  }

  return {
    kind: 'memory',
    async publish(messages) {
      const half = random.chance(broker.faults.halfStored) ? random.below(messages.length + 1) : messages.length;
      await Promise.all(messages.slice(0, half).map(publishOne));
      if (half < messages.length) throw new BusUnavailable('the connection broke');
    },
    async consume(handler) {
      if (broker.away) throw new BusUnavailable('the broker is away');
      let waiting: Delivery[] = [];
      leave = broker.join('control-plane', isForControlPlane, {
        deliver: (delivery) => {
          waiting.push(deliveryOf(delivery, { broker, life, onAck }));
          if (waiting.length > 1) return;
          life.later(BATCH_MS, () => {
            const batch = waiting;
            waiting = [];
            handler(batch);
          });
        },
      });
      life.onEnd(leave);
    },
    onHello() {},
    status: () => ({ connected: !broker.away }),
    mark: () => ({ streams: String(broker.losses), in: 0, out: 0 }),
    hasLost: async (mark) => mark.streams !== String(broker.losses),
    onLoss: (handler) => life.onEnd(broker.onLoss(() => life.later(broker.latency(), handler))),
    async stopConsuming() {
      leave();
    },
    async close() {
      leave();
    },
  };
}

function deliveryOf(
  { message, count, ...answers }: BrokerDelivery,
  context: { broker: Broker; life: Life; onAck(message: StoredMessage): void },
): Delivery {
  const { broker, life, onAck } = context;
  let settled = false;
  const once = (answer: () => void): void => {
    if (settled) return;
    settled = true;
    if (life.alive) life.later(broker.latency(), answer);
  };
  return {
    headers: HEADERS,
    body: Buffer.from(message.json),
    subject: message.plainType,
    project: message.dialect === 'keptn' ? undefined : message.project,
    storedAt: Math.floor(message.storedAt),
    count,
    ack() {
      if (!settled) onAck(message);
      once(answers.ack);
    },
    retry: (delayMs) => once(() => answers.retry(delayMs)),
    working: () => {
      if (!settled) answers.working();
    },
  };
}
