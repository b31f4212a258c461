import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

type Taken = { id: string; type: string; run: string; path: string };

/** A sink in this process: what it took, and how it answers. */
export class Sink implements AsyncDisposable {
  readonly taken: Taken[] = [];
  inFlight = 0;
  mostInFlight = 0;
  requests = 0;
  answer: (event: Record<string, unknown>, res: ServerResponse) => void | Promise<void> = (_event, res) => {
    res.writeHead(202).end();
  };
  readonly #server = createServer((req, res) => void this.#take(req, res));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/sink`;
  }

  async #take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const event = JSON.parse(await text(req)) as Record<string, unknown>;
    this.requests++;
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await this.answer(event, res);
    if (res.statusCode < 300) {
      this.taken.push({
        id: String(event.id),
        type: String(event.type),
        run: String(event.subject),
        path: req.url ?? '',
      });
    }
    this.inFlight--;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
