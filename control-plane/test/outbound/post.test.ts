import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { makePost, type PostOptions } from '../../src/outbound/post.ts';

/** The rows of the table of bad inputs about webhooks: where one may lead, and what may come back. */
const INSIDE = [
  ...['127.0.0.1', 'localhost', 'LOCALHOST.', 'a.localhost', '[::1]', '[::]', '0.0.0.0', '0x7f000001', '2130706433'],
  ...['0177.0.0.1', '127.1', '0x7f.1', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '169.254.169.254'],
  ...['metadata.google.internal', 'metadata.google.internal.', '10.0.0.1', '172.16.0.1', '172.31.255.255'],
  ...['192.168.0.1', '100.64.0.1', '198.18.0.1', '192.0.0.192', '224.0.0.1', '255.255.255.255', '[fd00::1]'],
  ...['[fe80::1]', '[ff02::1]', '[64:ff9b::7f00:1]', '[64:ff9b::10.0.0.1]', '[64:ff9b:1::1]', '[2002:7f00:1::]'],
  ...['[::ffff:0:127.0.0.1]', '[fec0::1]', '192.0.2.1', '198.51.100.1', '203.0.113.9', '192.88.99.1', '[4000::1]'],
  ...['[2001:db8::1]', '１２７.0.0.1', '127。0。0。1', '%31%32%37.0.0.1'],
];
const OUTSIDE = ['example.com', '93.184.215.14', '172.32.0.1', '[2606:2800:21f:cb07:6820:80da:af6b:8b2c]', '8.8.8.8'];
/** Public by our rule, and no network has a way there. */
const NOWHERE = { address: '2000::7', family: 6 };

describe('a sink inside', () => {
  const { refuses } = makePost({ allowPrivate: false });

  test.each(INSIDE)('http://%s is refused before anything is saved', (host) => {
    expect(refuses(`http://${host}:8080/hook`)).toMatch(/is not a public address/);
    expect(makePost({ allowPrivate: true }).refuses(`http://${host}/hook`)).toBeUndefined();
  });

  test.each(OUTSIDE)('http://%s is not', (host) => {
    expect(refuses(`https://${host}/hook`)).toBeUndefined();
  });
});

describe('a name', () => {
  test('that leads outside first and inside later is resolved once, and nothing comes inside', async () => {
    await using sink = await listen();
    const asked: string[] = [];
    const resolve: PostOptions['resolve'] = async (name) => {
      asked.push(name);
      return asked.length === 1 ? [NOWHERE] : [sink];
    };
    await expect(send(`http://rebinds.example:${sink.port}/`, { allowPrivate: false, resolve })).rejects.toThrow();
    expect([asked, sink.requests]).toEqual([['rebinds.example'], 0]);
  });

  test('that leads to several addresses is refused when one of them is inside, whichever comes first', async () => {
    await using sink = await listen();
    for (const addresses of [[NOWHERE, sink], [sink, NOWHERE], [sink]]) {
      const resolve = async () => addresses;
      const sent = send(`http://mixed.example:${sink.port}/`, { allowPrivate: false, resolve });
      await expect(sent).rejects.toThrow(/^refused-address: mixed\.example/);
    }
    expect(sink.requests).toBe(0);
  });

  test('is connected to at the very address that was looked at', async () => {
    await using sink = await listen();
    let asked = 0;
    const resolve = async () => (asked++ === 0 ? [sink] : [NOWHERE]);
    const answer = await send(`http://moves.example:${sink.port}/`, { allowPrivate: true, resolve });
    expect([answer.status, asked, sink.requests]).toEqual([200, 1, 1]);
    expect(sink.hosts).toEqual([`moves.example:${sink.port}`]);
  });

  test('without an address is said by name', async () => {
    const sent = send('http://nowhere.example/', { allowPrivate: true, resolve: async () => [] });
    await expect(sent).rejects.toThrow('nowhere.example has no address');
  });
});

describe('an answer', () => {
  const inside = { allowPrivate: true };

  test('of 10 GB is cut at 64 KB; its status counts', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let written = 0;
    await using sink = await listen((_req, res) => {
      res.writeHead(200, { 'content-length': String(10 * 1024 ** 3) });
      const more = (): void => {
        while (!res.destroyed && res.write(chunk)) written += chunk.length;
      };
      res.on('drain', more);
      more();
    });
    expect(await send(sink.url, inside)).toEqual({ status: 200, body: undefined });
    await expect.poll(() => sink.open).toBe(0);
    // What the kernel's buffers took, and not what was promised.
    expect(written).toBeLessThan(64 * 1024 ** 2);
  });

  test('of exactly 64 KB is read', async () => {
    await using sink = await listen((_req, res) => res.end('x'.repeat(65_536)));
    expect((await send(sink.url, inside)).body?.text).toHaveLength(65_536);
  });

  test('that never ends is cut at the time limit', async () => {
    await using sink = await listen((_req, res) => {
      res.writeHead(200);
      const drip = setInterval(() => res.write('x'), 20);
      res.on('close', () => clearInterval(drip));
    });
    await expect(send(sink.url, { ...inside, timeoutMs: 300 })).rejects.toThrow();
    await expect.poll(() => sink.open).toBe(0);
  });

  test('that never begins is cut at the time limit', async () => {
    await using sink = await listen(() => undefined);
    await expect(send(sink.url, { ...inside, timeoutMs: 300 })).rejects.toThrow();
  });

  test('that is a gzip bomb is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 ** 2));
    expect(bomb.length).toBeLessThan(65_536);
    await using sink = await listen((_req, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
      res.end(bomb);
    });
    const { status, body } = await send(sink.url, inside);
    expect([status, (body?.text.length ?? 0) <= bomb.length]).toEqual([200, true]);
  });

  test('of 1xx and nothing else is cut at the time limit', async () => {
    await using sink = await listenRaw((socket) => {
      const flood = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(200)), 5);
      socket.on('close', () => clearInterval(flood));
    });
    await expect(send(sink.url, { ...inside, timeoutMs: 400 })).rejects.toThrow();
    await expect.poll(() => sink.open).toBe(0);
  });

  test('with headers of 1 MB is an error', async () => {
    await using sink = await listenRaw((socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1024 ** 2)}\r\n\r\n`),
    );
    await expect(send(sink.url, inside)).rejects.toThrow();
  });

  test('that leads elsewhere is not followed', async () => {
    await using inner = await listen();
    await using sink = await listen((_req, res) => {
      res.writeHead(307, { location: inner.url });
      res.end();
    });
    expect([(await send(sink.url, inside)).status, inner.requests]).toEqual([307, 0]);
  });
});

test('an event whose attributes hold line breaks adds no header', async () => {
  let headers: IncomingMessage['headers'] = {};
  await using sink = await listen((req, res) => {
    headers = req.headers;
    res.end();
  });
  const json = JSON.stringify({ specversion: '1.0', id: 'a\r\nx-admin: true', source: '/s', type: 't', e: 'ü' });
  await makePost({ allowPrivate: true }).send({ sink: sink.url, json, mode: 'binary', timeoutMs: 30_000 });
  expect([headers['ce-id'], headers['ce-e'], headers['x-admin']]).toEqual([
    'a%0D%0Ax-admin:%20true',
    '%C3%BC',
    undefined,
  ]);
});

type Sent = ReturnType<ReturnType<typeof makePost>['send']>;

function send(sink: string, { timeoutMs = 30_000, ...options }: PostOptions & { timeoutMs?: number }): Sent {
  const json = JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 'build.triggered', data: {} });
  return makePost(options).send({ sink, json, mode: 'structured', timeoutMs });
}

type Sink = AsyncDisposable & {
  url: string;
  port: number;
  address: string;
  family: 4;
  requests: number;
  hosts: string[];
  open: number;
};
let sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = new Set();
});

async function listen(
  answer: (req: IncomingMessage, res: ServerResponse) => void = (_, res) => res.end(),
): Promise<Sink> {
  const server = createHttpServer((req, res) => {
    sink.requests++;
    sink.hosts.push(req.headers.host ?? '');
    req.resume();
    answer(req, res);
  });
  const sink = await opened(server);
  return sink;
}

function listenRaw(answer: (socket: Socket) => void): Promise<Sink> {
  return opened(createServer(answer));
}

async function opened(server: ReturnType<typeof createServer>): Promise<Sink> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    sink.open++;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sink.open--;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const sink: Sink = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    address: '127.0.0.1',
    family: 4,
    requests: 0,
    hosts: [],
    open: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return sink;
}
