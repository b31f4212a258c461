import type { Faults } from './faults.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Plane, Replica } from './replica.ts';
import type { Timeline } from './timeline.ts';

const TYPICAL_MS = 1;
const CLIENT_TIMEOUT_MS = 40_000;

/** The client does not know what became of its request. */
class NoAnswer extends Error {
  override name = 'NoAnswer';
}

/** How clients reach the replicas: a load balancer that knows nothing, and a network that loses requests and answers. */
export class Door {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #replicas: readonly Replica[];
  faults: Faults['door'];

  constructor(options: { timeline: Timeline; random: Random; replicas: readonly Replica[]; faults: Faults['door'] }) {
    this.#timeline = options.timeline;
    this.#random = options.random;
    this.#replicas = options.replicas;
    this.faults = options.faults;
  }

  /** Asks some replica; throws NoAnswer when none came, whatever has happened there. */
  call<T>(client: Life, ask: (plane: Plane) => Promise<T>): Promise<T> {
    const random = this.#random;
    const replica = random.pick(this.#replicas.filter((one) => !one.goneForGood));
    const latency = (): number => random.latency(TYPICAL_MS, this.faults.slowMs);
    const requestLost = random.chance(this.faults.requestLost);
    const replyLost = random.chance(this.faults.replyLost);
    return new Promise((resolve, reject) => {
      const lose = (why: string): void =>
        void client.later(latency(), () => reject(new NoAnswer(`${replica.name}: ${why}`)));
      client.later(CLIENT_TIMEOUT_MS, () => reject(new NoAnswer(`${replica.name}: timed out`)));
      this.#timeline.after(latency(), () => {
        const { plane, life } = replica;
        if (requestLost || !plane) {
          lose('the connection was refused');
          return;
        }
        life.onEnd(() => lose('the connection broke'));
        life.later(0, () => {
          ask(plane).then(
            (answer) => {
              if (replyLost) lose('the answer was lost');
              else client.later(latency(), () => resolve(answer));
            },
            (error: unknown) => {
              if (replyLost) lose('the answer was lost');
              else client.later(latency(), () => reject(error));
            },
          );
        });
      });
    });
  }
}
