import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP connection to the server that can be pulled out and put back. */
export class Wire {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #state: { whole: boolean };

  private constructor(wire: { server: Server; port: number; sockets: Set<Socket>; state: { whole: boolean } }) {
    this.url = `http://127.0.0.1:${wire.port}`;
    this.#server = wire.server;
    this.#sockets = wire.sockets;
    this.#state = wire.state;
  }

  static async to(port: number): Promise<Wire> {
    const sockets = new Set<Socket>();
    const state = { whole: true };
    const server = createServer((near) => {
      if (!state.whole) {
        near.destroy();
        return;
      }
      const far = connect(port, '127.0.0.1');
      join(near, far, sockets);
      join(far, near, sockets);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the wire has no port');
    return new Wire({ server, port: address.port, sockets, state });
  }

  /** Ends what is open at once, and lets nothing through until `mend`. */
  cut(): void {
    this.#state.whole = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#state.whole = true;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

function join(one: Socket, other: Socket, sockets: Set<Socket>): void {
  sockets.add(one);
  one.on('error', () => other.destroy());
  one.on('close', () => {
    sockets.delete(one);
    other.destroy();
  });
  one.pipe(other);
}
