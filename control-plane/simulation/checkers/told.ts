import type { CommitItem } from '../../src/store/store.ts';
import type { StoredMessage } from '../world/broker.ts';
import { baseIdOf } from '../world/broker.ts';
import type { Checker, End, Scene } from './checker.ts';

/**
 * survives-the-broker: in the end the broker has had every trigger and every end of a run at least once, whatever became of
 * it.
 */
export class Told implements Checker {
  readonly #scene: Scene;
  readonly #decided = new Map<string, string>();
  readonly #stored = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    for (const row of item.rows) {
      if (row.direction === 'in') continue;
      if (row.type.endsWith('.triggered') || row.id === `${item.stream}.finished`)
        this.#decided.set(row.id, item.stream);
    }
  }

  onStored(message: StoredMessage): void {
    this.#stored.add(baseIdOf(message));
  }

  atEnd({ timedOut }: End): void {
    const { broker } = this.#scene;
    if (!broker || timedOut) return;
    for (const [id, run] of this.#decided) {
      // A trigger that was over before it could be published is of no use to anybody.
      if (!this.#stored.has(id) && !isOver(id, run) && !broker.cannotTake({ messageId: id }))
        this.#scene.fail('survives-the-broker', `${id} was never published`);
    }
  }
}

function isOver(id: string, run: string): boolean {
  return id !== `${run}.finished` && !id.startsWith(`${run}.triggers.`);
}
