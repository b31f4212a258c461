import { causationOf, isObject } from '@slipway/contract';
import type { CommitItem } from '../../src/store/store.ts';
import type { StoredMessage } from '../world/broker.ts';
import { baseIdOf } from '../world/broker.ts';
import type { Checker, End, Scene } from './checker.ts';

/** Late answers that a run keeps, by design (transition.ts); beyond them they are only counted. */
const IGNORED_KEPT_MAX = 20;

/**
 * survives-the-broker: in the end the broker has had every trigger and every end of a run at least once, whatever became of
 * it. answered-is-seen: every answer that the broker holds is in the journal of its run, and people can see it.
 */
export class Told implements Checker {
  readonly #scene: Scene;
  readonly #decided = new Map<string, string>();
  readonly #stored = new Set<string>();
  readonly #taken = new Set<string>();
  readonly #ignoredOf = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    for (const row of item.rows) {
      if (row.direction === 'in') this.#taken.add(`${row.source} ${row.id}`);
      else if (row.type.endsWith('.triggered') || row.id === `${item.stream}.finished`)
        this.#decided.set(row.id, item.stream);
      if (row.ignored !== undefined) this.#ignoredOf.set(item.stream, (this.#ignoredOf.get(item.stream) ?? 0) + 1);
    }
  }

  onStored(message: StoredMessage): void {
    this.#stored.add(baseIdOf(message));
  }

  atEnd({ timedOut }: End): void {
    const { broker, database } = this.#scene;
    if (!broker || timedOut) return;
    for (const [id, run] of this.#decided) {
      // A trigger that was over before it could be published is of no use to anybody.
      if (!this.#stored.has(id) && !isOver(id, run) && !broker.cannotTake({ messageId: id }))
        this.#scene.fail('survives-the-broker', `${id} was never published`);
    }
    for (const message of broker.messages()) {
      if (!message.plainType.endsWith('.finished') || message.plainType.split('.').length !== 2) continue;
      const event: unknown = JSON.parse(message.json);
      if (!isObject(event)) continue;
      const run = causationOf(event)?.split('.')[0] ?? '';
      if (this.#taken.has(`${String(event.source)} ${String(event.id)}`)) continue;
      if (!database.streams.has(run) || (this.#ignoredOf.get(run) ?? 0) >= IGNORED_KEPT_MAX) continue;
      this.#scene.fail('answered-is-seen', `${String(event.id)} is at the broker and not in the journal of its run`);
    }
  }
}

function isOver(id: string, run: string): boolean {
  return id !== `${run}.finished` && !id.startsWith(`${run}.triggers.`);
}
