import { expect, test } from 'vitest';
import { BusUnavailable } from '../../src/bus/bus.ts';
import { LocalBus } from '../../src/bus/local/index.ts';
import { busSuite, collect, pause, trigger } from './suite.ts';

busSuite('local bus', async () => {
  const bus = new LocalBus();
  return { bus, [Symbol.asyncDispose]: () => bus.close() };
});

test('publish resolves only when the trigger was taken, because nothing else keeps it', async () => {
  const bus = new LocalBus();
  const received = collect(bus);
  let isPublished = false;
  const published = bus.publish([trigger('one')]).then(() => {
    isPublished = true;
  });
  const [delivery] = await received.atLeast(1);
  await pause(50);
  expect(isPublished).toBe(false);
  delivery?.ack();
  await published;
  await bus.close();
});

test('a trigger that is not taken in time is reported, and is still delivered', async () => {
  const bus = new LocalBus({ ackTimeoutMs: 50 });
  await expect(bus.publish([trigger('slow')])).rejects.toThrow(/not taken within 50 ms/);
  const received = collect(bus, { ack: true });
  await received.atLeast(1);
  await bus.publish([trigger('slow')]);
  expect(received.deliveries).toHaveLength(1);
  await bus.close();
});

test('a full bus refuses instead of growing', async () => {
  const bus = new LocalBus({ messagesMax: 10, ackTimeoutMs: 60_000 });
  const waiting = Array.from({ length: 10 }, (_, index) => bus.publish([trigger(`${index}`)]));
  await expect(bus.publish([trigger('one too many')])).rejects.toThrow(BusUnavailable);
  // What nobody consumes needs no room.
  await bus.publish([{ ...trigger('task'), plainType: 'build.triggered' }]);
  collect(bus, { ack: true });
  await Promise.all(waiting);
  await bus.close();
});

test('the handler is never called inside the publish that feeds it', async () => {
  const bus = new LocalBus();
  let isPublishing = false;
  await bus.consume((deliveries) => {
    expect(isPublishing).toBe(false);
    for (const delivery of deliveries) delivery.ack();
  });
  isPublishing = true;
  const published = bus.publish([trigger('one')]);
  isPublishing = false;
  await published;
  await bus.close();
});

test('close tells whoever still waits', async () => {
  const bus = new LocalBus();
  const published = bus.publish([trigger('never taken')]);
  await bus.close();
  await expect(published).rejects.toThrow(BusUnavailable);
});
