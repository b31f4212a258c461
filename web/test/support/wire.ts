import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** whole: a cable. held: what the server answers stays in it. cut: what was open is ended, and nothing new gets through. */
type State = 'whole' | 'held' | 'cut';
type Pair = { near: Socket; far: Socket };

/** A TCP connection to the server that can be held, pulled out and put back. */
export class Wire {
  readonly url: string;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #state: State = 'whole';

  private constructor(server: Server, own: number, port: number) {
    this.url = `http://127.0.0.1:${own}`;
    this.#server = server;
    server.on('connection', (near) => this.#take(near, port));
  }

  static async to(port: number): Promise<Wire> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the wire has no port');
    return new Wire(server, address.port, port);
  }

  /** As with a server that has too much to do: it hears, and its answers come when they come. */
  hold(): void {
    this.#state = 'held';
    for (const { near, far } of this.#pairs) far.unpipe(near);
  }

  /** Ends what is open at once, and lets nothing through until `mend`. */
  cut(): void {
    this.#state = 'cut';
    for (const { near } of this.#pairs) near.destroy();
  }

  mend(): void {
    const held = this.#state === 'held';
    this.#state = 'whole';
    if (held) for (const { near, far } of this.#pairs) far.pipe(near);
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #take(near: Socket, port: number): void {
    if (this.#state === 'cut') {
      near.destroy();
      return;
    }
    const pair = { near, far: connect(port, '127.0.0.1') };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [pair.near, pair.far],
      [pair.far, pair.near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    near.pipe(pair.far);
    if (this.#state === 'whole') pair.far.pipe(near);
  }
}
