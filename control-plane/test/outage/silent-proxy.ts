import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 *   passing   bytes go both ways
 *   losing    bytes are read and dropped, as by a gateway that forgot the connection; such a connection never works again
 *   holding   nothing is read, and everything arrives late, as when packets are lost for a while and sent again
 *
 * Nothing is closed or reset: either side can only notice the silence. New connections are accepted and get the same.
 */
type Mode = 'passing' | 'losing' | 'holding';

/** A TCP proxy on 127.0.0.1 whose peer can fall silent. */
export class SilentProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #mode: Mode = 'passing';

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const link = new Link(client, target, () => this.#mode);
      this.#links.add(link);
      client.once('close', () => this.#links.delete(link));
    });
  }

  static async start(target: number): Promise<SilentProxy> {
    const proxy = new SilentProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  become(mode: Mode): void {
    this.#mode = mode;
    for (const link of this.#links) link.apply();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

class Link {
  readonly #sides: readonly [Socket, Socket];
  readonly #mode: () => Mode;
  /** It has lost bytes, so what follows makes no sense to either side. */
  #isBroken = false;

  constructor(client: Socket, target: number, mode: () => Mode) {
    const server = connect({ host: '127.0.0.1', port: target });
    this.#sides = [client, server];
    this.#mode = mode;
    this.#forward(client, server);
    this.#forward(server, client);
    this.apply();
  }

  apply(): void {
    const mode = this.#mode();
    if (mode === 'losing') this.#isBroken = true;
    for (const side of this.#sides) {
      if (mode === 'holding') side.pause();
      else side.resume();
    }
  }

  destroy(): void {
    for (const side of this.#sides) side.destroy();
  }

  #forward(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (!this.#isBroken) to.write(chunk);
    });
    from.on('error', () => {});
    from.on('close', () => {
      // A peer that cannot be reached does not learn of the end either.
      if (!this.#isBroken || this.#mode() === 'passing') to.destroy();
    });
  }
}
