import type { Accepted, CloudEvent } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import type { CommitItem } from '../../src/store/store.ts';
import type { StoredMessage } from '../world/broker.ts';
import type { Checker, Scene } from './checker.ts';

/** Late answers that a run keeps, by design (transition.ts); beyond them they are only counted. */
const IGNORED_KEPT_MAX = 20;

/**
 * Whoever was told that an event is taken (202, or the ack of a broker's message) finds it in the journal at that very
 * moment; and whoever is acked finds all that it caused at the broker.
 */
export class AcceptedIsKept implements Checker {
  readonly #scene: Scene;
  /** `source id` of everything that came in and is in the journal. */
  readonly #kept = new Set<string>();
  readonly #ignoredOf = new Map<string, number>();
  readonly #causes = new Map<string, string[]>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    const triggers: string[] = [];
    item.rows.forEach((row) => {
      if (row.direction === 'out' && row.type.endsWith('.triggered')) triggers.push(row.id);
    });
    for (const row of item.rows) {
      if (row.direction !== 'in') continue;
      this.#kept.add(`${row.source} ${row.id}`);
      this.#causes.set(`${row.source} ${row.id}`, triggers);
      if (row.ignored !== undefined) this.#ignoredOf.set(item.stream, (this.#ignoredOf.get(item.stream) ?? 0) + 1);
    }
  }

  onAccepted(event: CloudEvent, item: Accepted['items'][number]): void {
    if (item.outcome === 'ignored' && this.#mayBeForgotten(item.run, item.code)) return;
    const answersOnce =
      item.outcome === 'duplicate' && !event.type.endsWith('.finished') && !event.type.endsWith('.triggered');
    if (!answersOnce && !this.#kept.has(`${event.source} ${event.id}`))
      this.#scene.fail(
        'accepted-is-kept',
        `${event.type} ${event.id} was answered ${item.outcome} and is not in the journal`,
      );
  }

  onAck(message: StoredMessage): void {
    const event: unknown = JSON.parse(message.json);
    if (!isObject(event)) return;
    const key = `${String(event.source)} ${String(event.id)}`;
    const lasting = message.plainType.endsWith('.triggered') || message.plainType.endsWith('.finished');
    if (lasting && !this.#kept.has(key)) {
      const run = String(event.causationid ?? event.triggeredid).split('.')[0] ?? '';
      const exists = this.#scene.database.streams.has(run);
      if (exists && !this.#mayBeForgotten(run, undefined))
        this.#scene.fail('accepted-is-kept', `${message.plainType} ${key} was acked and is not in the journal`);
      if (message.plainType.endsWith('.triggered'))
        this.#scene.fail('accepted-is-kept', `${message.plainType} ${key} was acked and its run does not exist`);
    }
  }

  #mayBeForgotten(run: string | undefined, code: string | undefined): boolean {
    if (code === 'id-reused' || code === 'unknown-run') return true;
    return run !== undefined && (this.#ignoredOf.get(run) ?? 0) >= IGNORED_KEPT_MAX;
  }
}
