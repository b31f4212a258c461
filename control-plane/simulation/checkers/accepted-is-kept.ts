import type { Accepted, CloudEvent } from '@slipway/contract';
import { causationOf, isObject } from '@slipway/contract';
import { decodeRunEntry } from '../../src/runtime/entry.ts';
import type { CommitItem } from '../../src/store/store.ts';
import type { StoredMessage } from '../world/broker.ts';
import { baseIdOf } from '../world/broker.ts';
import type { Checker, Scene } from './checker.ts';

/** Late answers that a run keeps, by design (transition.ts); beyond them they are only counted. */
const IGNORED_KEPT_MAX = 20;

/**
 * Whoever was told that an event is taken (202, or the ack of a broker's message) finds it in the journal at that very
 * moment; and whoever is told so finds at the broker, where there is one, what the event caused.
 */
export class AcceptedIsKept implements Checker {
  readonly #scene: Scene;
  /** `source id` of everything that came in and is in the journal, with the run and what it caused. */
  readonly #kept = new Map<string, { run: string; json: string; caused: readonly string[] }>();
  readonly #ignoredOf = new Map<string, number>();
  readonly #stored = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    const caused: string[] = [];
    // Which of several inputs caused an event is not told by the entry; a timer may be one of them.
    const isAlone = !item.stream.startsWith('group:') && decodeRunEntry(item).length === 1;
    for (const row of item.rows) {
      if (row.direction === 'in') continue;
      if (row.type.endsWith('.triggered') || row.id === `${item.stream}.finished`) caused.push(row.id);
    }
    for (const [index, row] of item.rows.entries()) {
      if (row.direction !== 'in') continue;
      const key = keyOf(row);
      if (!this.#kept.has(key))
        this.#kept.set(key, { run: item.stream, json: item.events[index] ?? '', caused: isAlone ? caused : [] });
      if (row.ignored !== undefined) this.#ignoredOf.set(item.stream, (this.#ignoredOf.get(item.stream) ?? 0) + 1);
    }
  }

  onStored(message: StoredMessage): void {
    this.#stored.add(baseIdOf(message));
  }

  onAccepted(event: CloudEvent, item: Accepted['items'][number]): void {
    const said = `was answered '${item.outcome}${item.code === undefined ? '' : ` ${item.code}`}'`;
    const mustBeKept = item.outcome === 'accepted' || (item.outcome === 'duplicate' && isLasting(event.type));
    if (this.#kept.has(keyOf(event))) this.#checkTold(event, said);
    else if (mustBeKept || (isLasting(event.type) && !this.#mayBeForgotten(item.run, item.code)))
      this.#fail(event, `${said} and is not in the journal`);
  }

  onAck(message: StoredMessage): void {
    const event: unknown = JSON.parse(message.json);
    if (!isObject(event)) return;
    if (this.#kept.has(keyOf(event))) this.#checkTold(event, 'was acked');
    else if (isLasting(message.plainType)) {
      const run = causationOf(event)?.split('.')[0];
      const exists = run === undefined || this.#scene.database.streams.has(run);
      if (exists && !this.#mayBeForgotten(run, undefined)) this.#fail(event, 'was acked and is not in the journal');
    }
  }

  /** What it caused is at the broker, unless something else has happened to the run since. */
  #checkTold(event: { source?: unknown; id?: unknown }, said: string): void {
    const kept = this.#kept.get(keyOf(event));
    // Another event with the same id has caused nothing.
    if (!this.#scene.broker || !kept || kept.json !== JSON.stringify(event)) return;
    const run = this.#scene.database.streams.get(kept.run);
    const latest = run?.entries.at(-1)?.events ?? [];
    for (const id of kept.caused) {
      // No service needs an attempt that the same entry cancels.
      const isOver = latest.some((json) => json.includes(`"id":"${id}.cancelled"`)) || id.endsWith('.cancelled');
      const isLatest = !isOver && latest.some((json) => json.includes(`"id":"${id}"`));
      if (isLatest && !this.#stored.has(id) && !this.#scene.broker.cannotTake({ messageId: id }))
        this.#fail(event, `${said}, and ${id}, which it caused, is not at the broker`);
    }
  }

  #mayBeForgotten(run: string | undefined, code: string | undefined): boolean {
    if (code === 'id-reused' || code === 'unknown-run') return true;
    return run !== undefined && (this.#ignoredOf.get(run) ?? 0) >= IGNORED_KEPT_MAX;
  }

  #fail(event: { source?: unknown; id?: unknown }, what: string): void {
    this.#scene.fail('accepted-is-kept', `${keyOf(event)} ${what}`);
  }
}

function keyOf({ source, id }: { source?: unknown; id?: unknown }): string {
  return `${String(source)} ${String(id)}`;
}

/** Progress may come too late to be noted; a trigger or an answer never does. */
function isLasting(type: string): boolean {
  return type.endsWith('.triggered') || type.endsWith('.finished');
}
