import { parseEventType } from '@slipway/contract';
import type { Bus, BusMessage, Delivery } from '../../src/bus/bus.ts';
import { BusUnavailable } from '../../src/bus/bus.ts';
import type { Life } from './life.ts';

const ACK_TIMEOUT_MS = 30_000;
const HEADERS: ReadonlyMap<string, string> = new Map([['content-type', 'application/cloudevents+json']]);

/**
 * The bus of a control plane without a broker, on the world's time: triggers of sequences come back to the process
 * itself, and `publish` resolves when they are taken. All of it dies with the process.
 */
export function openMemoryLocalBus(options: { life: Life; onPublish(message: BusMessage): void }): Bus {
  const { life, onPublish } = options;
  const open = new Map<string, Promise<void>>();
  const taken = new Set<string>();
  let handler: ((deliveries: readonly Delivery[]) => void) | undefined;
  let stopped = false;

  function offer(message: BusMessage): Promise<void> {
    if (taken.has(message.messageId)) return Promise.resolve();
    const before = open.get(message.messageId);
    if (before) return before;
    const { promise, resolve } = Promise.withResolvers<void>();
    open.set(message.messageId, promise);
    const hand = (count: number): void => {
      if (stopped || !handler) return;
      let settled = false;
      handler([
        {
          headers: HEADERS,
          body: Buffer.from(message.json),
          subject: message.plainType,
          project: message.dialect === 'keptn' ? undefined : message.project,
          storedAt: 0,
          count,
          ack: () => {
            if (settled) return;
            settled = true;
            open.delete(message.messageId);
            taken.add(message.messageId);
            resolve();
          },
          retry: (delayMs) => {
            if (settled) return;
            settled = true;
            life.later(delayMs, () => hand(count + 1));
          },
          working: () => undefined,
        },
      ]);
    };
    life.later(0, () => hand(1));
    return promise;
  }

  return {
    kind: 'local',
    async publish(messages) {
      const wanted = messages.filter((message) => {
        onPublish(message);
        const kind = parseEventType(message.plainType);
        return kind?.of === 'sequence' && kind.phase === 'triggered';
      });
      const late = new Promise<never>((_resolve, reject) => {
        life.later(ACK_TIMEOUT_MS, () => reject(new BusUnavailable(`not taken within ${ACK_TIMEOUT_MS} ms`)));
      });
      if (wanted.length > 0) await Promise.race([Promise.all(wanted.map(offer)), late]);
    },
    async consume(take) {
      handler = take;
    },
    onHello() {},
    status: () => ({ connected: true }),
    mark: () => undefined,
    hasLost: async () => false,
    onLoss() {},
    async stopConsuming() {
      stopped = true;
    },
    async close() {
      stopped = true;
    },
  };
}
