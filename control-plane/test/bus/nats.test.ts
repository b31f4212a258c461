import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startNats, type TestServer } from '../../../tools/test-servers.ts';
import { type Bus, BusUnavailable, MessageRefused, type ServiceHello } from '../../src/bus/bus.ts';
import { BusMisconfigured, openNatsBus } from '../../src/bus/nats/index.ts';
import { busSuite, collect, pause, text, trigger, until, untilSo } from './suite.ts';

busSuite('nats bus', async () => {
  const server = await startNats();
  const bus = await openNatsBus({ servers: server.url });
  return {
    bus,
    [Symbol.asyncDispose]: async () => {
      await bus.close();
      await server.stop();
    },
  };
});

describe('with services and other replicas', () => {
  let server: TestServer;
  let outside: NatsConnection;
  let buses: Bus[] = [];
  const open = async (options = {}): Promise<Bus> => {
    const bus = await openNatsBus({ servers: server.url, ...options });
    buses.push(bus);
    return bus;
  };
  beforeEach(async () => {
    buses = [];
    server = await startNats();
    outside = await connect({ servers: server.url });
  });
  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await outside.close();
    await server.stop();
  });

  test('replicas that start together make the streams once, and share what comes', async () => {
    const [first, second] = await Promise.all([open(), open({ maxAgeMs: 3_600_000 }), open()]);
    if (first === undefined || second === undefined) throw new Error('unreachable');
    const one = collect(first, { ack: true });
    const two = collect(second, { ack: true });
    await first.publish(Array.from({ length: 500 }, (_, index) => trigger(`shared${index}`)));
    await until(() => one.deliveries.length + two.deliveries.length >= 500, '500 deliveries');
    const manager = await jetstreamManager(outside);
    await until(() => one.deliveries.length + two.deliveries.length === 500, 'no more than 500');
    const consumer = await manager.consumers.info('SLIPWAY_IN', 'slipway-control-plane');
    expect(consumer.config).toMatchObject({ max_ack_pending: 5_000, ack_wait: 5_000_000_000 });
  });

  test('answers of services come in, by either spelling and in either mode; triggers go out to them', async () => {
    const bus = await open();
    const received = collect(bus, { ack: true });
    const service = jetstream(outside);
    const binary = headers();
    binary.set('ce-id', 'x');
    binary.set('content-type', 'application/json');
    await service.publish('slipway.shop.build.started', '{"n":1}');
    await service.publish('slipway.shop.build.status.changed', '{"n":2}');
    await service.publish('slipway.shop.build.finished', '{"n":3}', { headers: binary });
    await service.publish('slipway.shop.evaluation.invalidated', '{"n":4}');
    await service.publish('sh.keptn.event.build.started', '{"n":5}');
    await service.publish('sh.keptn.event.build.status.changed', '{"n":6}');
    await service.publish('sh.keptn.event.build.finished', '{"n":7}');
    await service.publish('sh.keptn.event.dev.delivery.triggered', '{"n":8}');
    await service.publish('slipway.shop.dev.delivery.triggered', '{"n":9}');
    await received.atLeast(9);
    expect(received.bodies().sort()).toEqual(Array.from({ length: 9 }, (_, index) => `{"n":${index + 1}}`));
    const third = received.deliveries.find((delivery) => text(delivery) === '{"n":3}');
    expect(third?.headers.get('ce-id')).toBe('x');
    expect(received.deliveries.find((delivery) => text(delivery) === '{"n":1}')?.headers.size).toBe(0);

    await bus.publish([{ ...trigger('run.build.1'), plainType: 'build.triggered' }]);
    const manager = await jetstreamManager(outside);
    await manager.consumers.add('SLIPWAY_OUT', {
      durable_name: 'builder',
      filter_subject: 'slipway.*.build.triggered',
      ack_policy: 'explicit',
    });
    const message = await (await service.consumers.get('SLIPWAY_OUT', 'builder')).next();
    expect(message?.string()).toBe(trigger('run.build.1').json);
    expect(message?.headers?.get('Nats-Msg-Id')).toBe('run.build.1');
    message?.ack();
  });

  test('a service that uses the message id of a trigger for an answer of its own does not suppress the trigger', async () => {
    const bus = await open();
    const received = collect(bus, { ack: true });
    const foreign = headers();
    foreign.set('Nats-Msg-Id', 'next-stage');
    await jetstream(outside).publish('slipway.shop.build.finished', '{}', { headers: foreign });
    await bus.publish([trigger('next-stage')]);
    await received.atLeast(2);
    expect(received.bodies()).toContain(trigger('next-stage').json);
  });

  test('whatever bytes arrive reach the handler, and the next message too', async () => {
    const bus = await open();
    const received = collect(bus, { ack: true });
    const service = jetstream(outside);
    await service.publish('slipway.shop.junk.finished', new Uint8Array([0xff, 0x00, 0x0d, 0x0a]));
    await service.publish('slipway.shop.junk.finished', '');
    await service.publish('slipway.shop.junk.finished', 'x'.repeat(900_000));
    await service.publish('slipway.shop.junk.finished', 'last');
    await received.atLeast(4);
    expect(received.deliveries.map((delivery) => delivery.body.length)).toEqual([4, 0, 900_000, 4]);
  });

  test('the credit bounds what is in hand, and acks make room', async () => {
    const bus = await open({ inHandMax: 10 });
    const received = collect(bus);
    await bus.publish(Array.from({ length: 25 }, (_, index) => trigger(`credit${index}`)));
    await received.atLeast(10);
    await pause(300);
    expect(received.deliveries).toHaveLength(10);
    await until(() => bus.status().pending === 15, 'the broker to say that 15 wait');
    for (const delivery of received.deliveries.slice(0, 10)) delivery.ack();
    await received.atLeast(20);
    for (const delivery of received.deliveries.slice(10)) delivery.ack();
    await received.atLeast(25);
    for (const delivery of received.deliveries.slice(20)) delivery.ack();
  });

  test('what is in hand when a replica stops goes to another one', async () => {
    const first = await open();
    const one = collect(first);
    await first.publish([trigger('handed over')]);
    const [delivery] = await one.atLeast(1);
    delivery?.retry(0);
    await first.close();
    const two = collect(await open(), { ack: true });
    await two.atLeast(1);
    expect(two.bodies()).toEqual([trigger('handed over').json]);
  });

  test('a service that says hello is heard, and one that says nonsense is not', async () => {
    const bus = await open();
    const heard: ServiceHello[] = [];
    bus.onHello((hello) => heard.push(hello));
    // Nobody says when the subscription has reached the broker: what is said before is not heard.
    await untilSo(async () => {
      outside.publish('slipway-hello', '{"source":"first","tasks":[]}');
      await outside.flush();
      return heard.length > 0;
    }, 'a first hello');
    outside.publish('slipway-hello', 'no json');
    outside.publish('slipway-hello', '[]');
    outside.publish('slipway-hello', '{"source":7,"tasks":["a"]}');
    outside.publish('slipway-hello', '{"source":"a","tasks":["build",7],"version":"1.2"}');
    outside.publish('slipway-hello', '{"source":"b","tasks":[]}');
    await until(() => heard.some(({ source }) => source === 'b'), 'the last hello');
    expect(heard.filter(({ source }) => source !== 'first')).toEqual([
      { source: 'a', tasks: ['build'], version: '1.2', at: expect.any(Number) },
      { source: 'b', tasks: [], at: expect.any(Number) },
    ]);
  });

  test('a message that the broker can never take is refused by name; the others of the call go out', async () => {
    const bus = await open();
    const received = collect(bus, { ack: true });
    const large = trigger('large', { json: 'x'.repeat(1_100_000) });
    const refused = await bus.publish([trigger('small'), large]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MessageRefused);
    expect(refused).toMatchObject({ messageId: 'large', message: expect.stringContaining('max_payload') });
    await until(() => received.bodies().includes(trigger('small').json), 'the small one');
  });

  test('a consumer or a stream that somebody removes is made again', async () => {
    const notices: string[] = [];
    const bus = await open({ onNotice: (notice: string) => notices.push(notice) });
    const received = collect(bus, { ack: true });
    const manager = await jetstreamManager(outside);
    await manager.consumers.delete('SLIPWAY_IN', 'slipway-control-plane');
    await until(() => notices.some((notice) => notice.includes('made anew')), 'a new consumer');
    await manager.streams.delete('SLIPWAY_OUT');
    const task = { ...trigger('after the loss'), plainType: 'build.triggered' };
    await untilPublished(bus, [task]);
    const before = received.deliveries.length;
    await bus.publish([trigger('still there')]);
    await received.atLeast(before + 1);
  });
});

describe('when the broker goes and comes back', () => {
  test('killed with its state kept: what was not acked is delivered again, and nothing published is lost', async () => {
    const first = await startNats();
    const bus = await openNatsBus({ servers: first.url });
    const received = collect(bus);
    await bus.publish([trigger('acked'), trigger('in hand')]);
    await received.atLeast(2);
    received.deliveries.find((delivery) => text(delivery) === trigger('acked').json)?.ack();
    await pause(100);
    await first.kill();
    await until(() => !bus.status().connected, 'the loss to be seen');
    await expect(bus.publish([trigger('while away')])).rejects.toThrow(BusUnavailable);

    const second = await startNats({ port: first.port, storeDir: first.storeDir });
    await untilPublished(bus, [trigger('while away')]);
    await until(() => received.bodies().includes(trigger('while away').json), 'the message published again');
    expect(bus.status().connected).toBe(true);
    // Our own in-hand delivery is still good: the broker knows its number.
    received.deliveries.find((delivery) => text(delivery) === trigger('in hand').json)?.ack();
    await bus.close();
    await second.stop();
    await first.stop();
  });

  test('killed again and again under load: everything acknowledged arrives', async () => {
    // kill -9 leaves what the server wrote to the kernel, so it needs no sync per message to keep what it acknowledged.
    let server = await startNats();
    const { port, storeDir } = server;
    const bus = await openNatsBus({ servers: server.url });
    const received = collect(bus, { ack: true });
    const acknowledged: string[] = [];
    let isOver = false;
    const publishing = (async () => {
      for (let n = 0; !isOver; n += 1) {
        const messages = Array.from({ length: 20 }, (_, index) => trigger(`load${n}-${index}`));
        await untilPublished(bus, messages);
        acknowledged.push(...messages.map((message) => message.json));
        await pause(5);
      }
    })();
    for (let round = 0; round < 4; round += 1) {
      await pause(300);
      await server.kill();
      server = await startNats({ port, storeDir });
    }
    await until(() => acknowledged.length > 100, 'more than 100 acknowledged');
    isOver = true;
    await publishing;
    const missing = () => {
      const seen = new Set(received.bodies());
      return acknowledged.filter((json) => !seen.has(json));
    };
    // A delivery that was on its way when the broker died comes again after ack_wait.
    await until(() => missing().length === 0, 'every acknowledged message', 90_000);
    await bus.close();
    await server.stop();
  }, 180_000);

  test('back without its state: the streams are made anew, and an old ack takes no new message away', async () => {
    const first = await startNats();
    const notices: string[] = [];
    const bus = await openNatsBus({ servers: first.url, onNotice: (notice) => notices.push(notice) });
    const received = collect(bus);
    await bus.publish([trigger('old')]);
    const [old] = await received.atLeast(1);
    await first.stop();
    const second = await startNats({ port: first.port });
    await untilPublished(bus, [trigger('new')]);
    expect(notices.some((notice) => notice.includes('made anew'))).toBe(true);
    const [, fresh] = await received.atLeast(2);
    // Same stream, same numbers: without the epoch this ack would be the new message's.
    expect(fresh?.count).toBe(1);
    old?.ack();
    await pause(200);
    const outside = await connect({ servers: second.url });
    const manager = await jetstreamManager(outside);
    expect((await manager.consumers.info('SLIPWAY_IN', 'slipway-control-plane')).num_ack_pending).toBe(1);
    fresh?.ack();
    const ackPending = async () =>
      (await manager.consumers.info('SLIPWAY_IN', 'slipway-control-plane')).num_ack_pending;
    await untilSo(async () => (await ackPending()) === 0, 'the ack of the new message');
    await outside.close();
    await bus.close();
    await second.stop();
  });

  test('a broker that hangs is reported by name, and everything goes on when it wakes', async () => {
    const server = await startNats();
    const bus = await openNatsBus({ servers: server.url, ackTimeoutMs: 500 });
    const received = collect(bus, { ack: true });
    process.kill(server.pid, 'SIGSTOP');
    // The signal stops its threads one by one, and not at once on a busy machine.
    await pause(300);
    await expect(bus.publish([trigger('hangs')])).rejects.toThrow(/did not acknowledge a message within 500 ms/);
    process.kill(server.pid, 'SIGCONT');
    await untilPublished(bus, [trigger('hangs')]);
    await received.atLeast(1);
    await pause(200);
    expect(received.deliveries).toHaveLength(1);
    await bus.close();
    await server.stop();
  });
});

describe('what cannot work says what to do', () => {
  test('no server', async () => {
    const opened = openNatsBus({ servers: 'nats://user:secret@127.0.0.1:1', connectTimeoutMs: 300 });
    await expect(opened).rejects.toThrow(BusUnavailable);
    await expect(opened).rejects.toThrow(/nats:\/\/127\.0\.0\.1:1/);
  });

  test('a wrong token', async () => {
    const server = await startNats({ config: 'authorization { token: "right" }' });
    const withToken = (token: string): string => server.url.replace('//', `//${token}@`);
    await expect(openNatsBus({ servers: withToken('wrong') })).rejects.toThrow(/authorization/i);
    const bus = await openNatsBus({ servers: withToken('right') });
    await bus.close();
    await server.stop();
  });

  test("a stream of somebody else on the same subjects, such as Keptn's own", async () => {
    const server = await startNats();
    const outside = await connect({ servers: server.url });
    await (await jetstreamManager(outside)).streams.add({ name: 'shipyard-controller', subjects: ['sh.keptn.>'] });
    const opened = openNatsBus({ servers: server.url });
    await expect(opened).rejects.toThrow(BusMisconfigured);
    await expect(opened).rejects.toThrow(/account of its own/);
    await outside.close();
    await server.stop();
  });
});

/** As the runtime's relay does it: again, with the same ids, until the bus has them. */
async function untilPublished(bus: Bus, messages: Parameters<Bus['publish']>[0]): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    try {
      await bus.publish(messages);
      return;
    } catch (error) {
      if (!(error instanceof BusUnavailable)) throw error;
      await pause(20);
    }
  }
  throw new Error('the bus did not come back');
}
