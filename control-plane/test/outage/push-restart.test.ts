import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PATIENCE_MS, PlaneProcess, triggerUntilTaken, until } from './world.ts';

const RESTARTS = 3;
const RUNS = 10;

test('a restart in the middle of deliveries loses no answer of a push target: every run ends', async () => {
  await using sink = await openSink();
  await using plane = new PlaneProcess('--push-private', 'true');
  await plane.start();
  await plane.putShipyard();
  const answer = await fetch(`${plane.url}/v1/subscriptions/worker`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sink: sink.url, types: ['a.triggered', 'b.triggered', 'c.triggered'], mode: 'execute' }),
  });
  expect(answer.status).toBe(201);
  for (let restart = 0; restart < RESTARTS; restart++) {
    for (let run = 0; run < RUNS; run++) await triggerUntilTaken(plane, `t${restart}-${run}`);
    await until(PATIENCE_MS, 'deliveries to be under way', () => sink.underWay() > 2);
    // A client that is slow to send its request makes the drain last as long as deliveries do.
    const slow = await sendHalfARequest(plane.url);
    await plane.terminate();
    slow.destroy();
    await plane.start();
  }
  const all = 2 * RESTARTS * RUNS;
  await until(PATIENCE_MS, `all ${all} runs to end`, async () => (await plane.finished()) === all);
}, 300_000);

async function sendHalfARequest(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.write('POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{', () => resolve());
  });
  return socket;
}

/** Does a task in a moment and answers it with the response. */
async function openSink(): Promise<AsyncDisposable & { url: string; underWay(): number }> {
  let underWay = 0;
  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    underWay++;
    const event = JSON.parse(await text(req)) as { id: string; type: string };
    await sleep(200);
    const type = event.type.replace('triggered', 'finished');
    res.writeHead(200, { 'content-type': 'application/cloudevents+json' });
    res.end(JSON.stringify({ specversion: '1.0', id: `f-${event.id}`, source: '/sink', type, data: {} }));
    underWay--;
  }
  const server = createServer((req, res) => void take(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    underWay: () => underWay,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
