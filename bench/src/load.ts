import { Agent, request } from 'node:http';

/** Keeps a number of sequences in flight through the public door, and notes how long each took. */
export type LoadResult = { sequences: number; seconds: number; latenciesMs: number[] };

const BATCH_MAX = 100;
const STALL_MS = 20_000;

export class Load {
  readonly #server: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  readonly #sentAt = new Map<string, number>();
  readonly #prefix = Math.random().toString(36).slice(2);
  #closeStream: () => void = () => undefined;
  #next = 0;
  #onEnd: (id: string) => void = () => undefined;

  constructor(server: string) {
    this.#server = new URL(server);
  }

  /** Listens for the end of every sequence, by the public stream. */
  async connect(project: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const stream = request(
        new URL(`/v1/stream?kind=event&project=${project}&type=dev.seq.finished`, this.#server),
        { headers: { accept: 'text/event-stream' } },
        (response) => {
          let rest = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            const lines = (rest + chunk).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) {
              if (!line.startsWith('data:')) continue;
              const cause = /"causationid":"([^"]+)"/.exec(line)?.[1];
              if (cause !== undefined) this.#onEnd(cause);
            }
          });
          resolve();
        },
      );
      stream.on('error', reject);
      stream.end();
      this.#closeStream = () => stream.destroy();
    });
  }

  /** Runs for so many seconds or sequences, with `inFlight` of them open at any time. */
  async run(
    options: { project: string; inFlight: number } & ({ seconds: number } | { sequences: number }),
  ): Promise<LoadResult> {
    const latenciesMs: number[] = [];
    const start = performance.now();
    const endAt = 'seconds' in options ? start + options.seconds * 1000 : Number.POSITIVE_INFINITY;
    let toStart = 'sequences' in options ? Math.max(0, options.sequences - options.inFlight) : Number.POSITIVE_INFINITY;
    let open = 0;
    let wanted = 0;
    let posting = 0;
    let lastAt = start;
    await new Promise<void>((resolve, reject) => {
      const watch = setInterval(() => {
        if (performance.now() - lastAt > STALL_MS)
          reject(new Error(`no sequence ended for ${STALL_MS} ms, ${open} are open`));
      }, 1000);
      const check = (): void => {
        if (performance.now() >= endAt || open === 0) {
          clearInterval(watch);
          resolve();
        }
      };
      const post = (): void => {
        // What ended while a post was under way is started by the next one: no timer, no waiting for a batch to fill.
        while (wanted > 0 && posting < 2) {
          const size = Math.min(wanted, BATCH_MAX);
          wanted -= size;
          posting++;
          this.#post(options.project, size).then(
            () => {
              posting--;
              post();
            },
            (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
          );
        }
      };
      this.#onEnd = (id) => {
        const sentAt = this.#sentAt.get(id);
        if (sentAt === undefined) return;
        this.#sentAt.delete(id);
        lastAt = performance.now();
        latenciesMs.push(lastAt - sentAt);
        open--;
        if (lastAt < endAt && toStart > 0) {
          toStart--;
          open++;
          wanted++;
          post();
        }
        check();
      };
      open = options.inFlight;
      wanted = options.inFlight;
      post();
    });
    const seconds = (performance.now() - start) / 1000;
    this.#onEnd = (id) => void this.#sentAt.delete(id);
    return { sequences: latenciesMs.length, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) };
  }

  /** Waits until what is still open has ended. */
  async drain(): Promise<void> {
    const until = performance.now() + STALL_MS;
    while (this.#sentAt.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Triggers so many sequences and does not wait for them. */
  async trigger(project: string, count: number, sequence: string): Promise<void> {
    for (let left = count; left > 0; left -= BATCH_MAX) await this.#post(project, Math.min(left, BATCH_MAX), sequence);
  }

  close(): void {
    this.#closeStream();
    this.#agent.destroy();
  }

  async #post(project: string, size: number, sequence = 'seq'): Promise<void> {
    const events: string[] = [];
    const now = performance.now();
    for (let index = 0; index < size; index++) {
      this.#next++;
      const id = `${this.#prefix}-${this.#next}`;
      this.#sentAt.set(id, now);
      events.push(
        `{"specversion":"1.0","id":"${id}","source":"/bench","type":"dev.${sequence}.triggered","datacontenttype":"application/json","data":{"project":"${project}","service":"shop","labels":{"build":"${this.#next}"},"seq":{"image":"registry.example/shop:${this.#next}"}}}`,
      );
    }
    const single = size === 1;
    await this.#send(
      '/v1/events',
      single ? 'application/cloudevents+json' : 'application/cloudevents-batch+json',
      single ? (events[0] ?? '') : `[${events.join(',')}]`,
    );
  }

  #send(path: string, type: string, body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const post = request(
        new URL(path, this.#server),
        {
          method: 'POST',
          agent: this.#agent,
          headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            if (response.statusCode === 202 || response.statusCode === 200) resolve();
            else
              reject(
                new Error(
                  `POST ${path} answered ${response.statusCode}: ${Buffer.concat(chunks).toString().slice(0, 300)}`,
                ),
              );
          });
        },
      );
      post.on('error', reject);
      post.end(body);
    });
  }
}

export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
