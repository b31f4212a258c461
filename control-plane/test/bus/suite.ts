import { afterEach, describe, expect, test } from 'vitest';
import { type Bus, type BusMessage, BusUnavailable, type Delivery } from '../../src/bus/bus.ts';

export interface BusUnderTest extends AsyncDisposable {
  bus: Bus;
}

const DELIVERY_TIMEOUT_MS = 30_000;

/** What every bus must do for the control plane, whatever is underneath. */
export function busSuite(name: string, open: () => Promise<BusUnderTest>): void {
  describe(name, () => {
    let opened: BusUnderTest | undefined;
    const openBus = async (): Promise<Bus> => {
      opened = await open();
      return opened.bus;
    };
    afterEach(async () => {
      await opened?.[Symbol.asyncDispose]();
      opened = undefined;
    });

    test('a trigger of a sequence comes back to the control plane as it was published', async () => {
      const bus = await openBus();
      const received = collect(bus);
      const message = trigger('one', { json: '{"id":"one","text":"Grüße, 日本語 🚀"}' });
      const published = bus.publish([message]);
      const [delivery] = await received.atLeast(1);
      expect(text(delivery)).toBe(message.json);
      expect(delivery?.project).toBe('shop');
      expect(delivery?.headers.get('content-type')).toBe('application/cloudevents+json');
      expect(delivery?.count).toBe(1);
      expect(Math.abs(Date.now() - (delivery?.storedAt ?? 0))).toBeLessThan(60_000);
      delivery?.ack();
      await published;
    });

    test("Keptn's subjects name no project", async () => {
      const bus = await openBus();
      const received = collect(bus);
      const published = bus.publish([trigger('one', { dialect: 'keptn' })]);
      const [delivery] = await received.atLeast(1);
      expect(delivery?.project).toBeUndefined();
      delivery?.ack();
      await published;
    });

    test('what is published before anybody consumes is delivered when somebody does', async () => {
      const bus = await openBus();
      const published = bus.publish([trigger('one')]);
      await pause(50);
      const received = collect(bus, { ack: true });
      await received.atLeast(1);
      await published;
    });

    test('the same message id is delivered once', async () => {
      const bus = await openBus();
      const received = collect(bus, { ack: true });
      await Promise.all([bus.publish([trigger('same'), trigger('same')]), bus.publish([trigger('same')])]);
      await bus.publish([trigger('same')]);
      await bus.publish([trigger('other')]);
      await received.atLeast(2);
      await pause(200);
      expect(received.bodies().sort()).toEqual([trigger('other').json, trigger('same').json]);
    });

    test('retry delivers again, not before the delay, until it is acked', async () => {
      const bus = await openBus();
      const received = collect(bus);
      const published = bus.publish([trigger('again')]);
      const [first] = await received.atLeast(1);
      const retriedAt = performance.now();
      first?.retry(300);
      const [, second] = await received.atLeast(2);
      expect(performance.now() - retriedAt).toBeGreaterThan(290);
      expect(text(second)).toBe(text(first));
      expect(second?.count).toBe(2);
      second?.ack();
      await published;
      await pause(500);
      expect(received.deliveries).toHaveLength(2);
    });

    test('acking twice, or asking for a retry after the ack, does nothing', async () => {
      const bus = await openBus();
      const received = collect(bus);
      const published = bus.publish([trigger('once')]);
      const [delivery] = await received.atLeast(1);
      delivery?.working();
      delivery?.ack();
      delivery?.ack();
      delivery?.retry(0);
      delivery?.working();
      await published;
      await pause(300);
      expect(received.deliveries).toHaveLength(1);
    });

    test('what a task service or nobody consumes is published without coming back', async () => {
      const bus = await openBus();
      const received = collect(bus, { ack: true });
      await bus.publish([
        { ...trigger('a'), plainType: 'build.triggered' },
        { ...trigger('b'), plainType: 'build.cancelled' },
        { ...trigger('c'), plainType: 'dev.delivery.started' },
        { ...trigger('d'), plainType: 'dev.delivery.finished' },
        { ...trigger('e'), plainType: 'dev.delivery.finished', dialect: 'keptn' },
      ]);
      await bus.publish([]);
      await pause(300);
      expect(received.deliveries).toHaveLength(0);
    });

    test('5,000 triggers published at once all arrive', async () => {
      const bus = await openBus();
      const received = collect(bus, { ack: true });
      const messages = Array.from({ length: 5_000 }, (_, index) => trigger(`n${index}`));
      await bus.publish(messages);
      await received.atLeast(messages.length);
      expect(new Set(received.bodies())).toEqual(new Set(messages.map((message) => message.json)));
    });

    test('after stopConsuming nothing is delivered, and what was delivered may still be acked', async () => {
      const bus = await openBus();
      const received = collect(bus);
      const published = bus.publish([trigger('before')]);
      const [delivery] = await received.atLeast(1);
      await bus.stopConsuming();
      const later = bus.publish([trigger('after')]).catch(() => 'the bus was closed before');
      delivery?.ack();
      await published;
      await pause(300);
      expect(received.deliveries).toHaveLength(1);
      await bus.close();
      await later;
    });

    test('a closed bus refuses to publish and says so', async () => {
      const bus = await openBus();
      expect(bus.status().connected).toBe(true);
      await bus.close();
      expect(bus.status().connected).toBe(false);
      await expect(bus.publish([trigger('late')])).rejects.toThrow(BusUnavailable);
      await bus.close();
    });

    test('whoever consumes twice has made a mistake', async () => {
      const bus = await openBus();
      await bus.consume(() => {});
      await expect(bus.consume(() => {})).rejects.toThrow(/once/);
    });
  });
}

export function trigger(messageId: string, overrides: Partial<BusMessage> = {}): BusMessage {
  return {
    messageId,
    dialect: 'plain',
    project: 'shop',
    plainType: 'dev.delivery.triggered',
    json: JSON.stringify({ specversion: '1.0', id: messageId, source: 'test', type: 'dev.delivery.triggered' }),
    ...overrides,
  };
}

export interface Collected {
  readonly deliveries: readonly Delivery[];
  bodies(): string[];
  /** The deliveries so far, when there are so many. */
  atLeast(count: number): Promise<readonly Delivery[]>;
}

/** Starts consuming and keeps what comes. */
export function collect(bus: Bus, { ack = false }: { ack?: boolean } = {}): Collected {
  const deliveries: Delivery[] = [];
  const consuming = bus.consume((batch) => {
    deliveries.push(...batch);
    if (ack) for (const delivery of batch) delivery.ack();
  });
  return {
    deliveries,
    bodies: () => deliveries.map(text),
    atLeast: async (count) => {
      await consuming;
      await until(() => deliveries.length >= count, `${count} deliveries`);
      return deliveries;
    },
  };
}

export function text(delivery: Delivery | undefined): string {
  return Buffer.from(delivery?.body ?? []).toString();
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export async function until(isSo: () => boolean, what: string, timeoutMs = DELIVERY_TIMEOUT_MS): Promise<void> {
  await untilSo(async () => isSo(), what, timeoutMs);
}

export async function untilSo(
  isSo: () => Promise<boolean>,
  what: string,
  timeoutMs = DELIVERY_TIMEOUT_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await pause(5);
  }
}
