import type { RunSummary } from '@slipway/contract';
import { covers, type Filter, filterOf, matches, queryOf, unionOf } from './stream-filter.ts';
import type { StreamItem } from './stream-item.ts';

/**
 * connecting: no answer yet. live: items arrive as they happen. cut: the connection was lost and is being retried; nothing is missed,
 * because the server replays from the last id. asleep: the tab is hidden and follows nothing.
 */
export type LiveState = 'connecting' | 'live' | 'cut' | 'asleep';

/** What a follower hears. resync: read the state again, because this is the start or items may have been missed. */
export type Told = { kind: 'state'; state: LiveState } | { kind: 'resync' } | { kind: 'item'; item: StreamItem };

type Follower = { filter: Filter; tell: (told: Told) => void };

const REFUSED_MAX = 3;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 15_000;
/** A stream that carries more than its followers need is narrowed after this long: tabs come and go in between. */
const NARROW_MS = 10_000;
/** Runs whose project is remembered, for events that do not carry it. */
const PROJECTS_MAX = 2_000;

/**
 * One `GET /v1/stream` for any number of followers. While all ask for the same, the server filters; otherwise the stream carries
 * what any of them asks for, and each hears its part.
 */
export class StreamHub {
  readonly #followers = new Map<string, Follower>();
  readonly #projects = new Map<string, string>();
  #source: EventSource | undefined;
  /** What the open stream asks for. */
  #filter: Filter = new Map();
  #lastId: string | undefined;
  #state: LiveState = 'connecting';
  #retry: ReturnType<typeof setTimeout> | undefined;
  #narrow: ReturnType<typeof setTimeout> | undefined;
  #retryMs = RETRY_MIN_MS;
  /** Answers in a row that were not a stream. */
  #refused = 0;

  /** Joining again with the same id and query changes nothing. */
  join(id: string, query: string, tell: (told: Told) => void): void {
    const known = this.#followers.get(id);
    const filter = filterOf(query);
    if (known !== undefined && queryOf(known.filter) === queryOf(filter)) return;
    this.#followers.set(id, { filter, tell });
    if (this.#source === undefined && this.#retry === undefined) this.#open(filter);
    else if (!covers(this.#filter, filter)) this.#open(this.#wanted());
    else {
      tell({ kind: 'state', state: this.#state });
      if (this.#state === 'live') tell({ kind: 'resync' });
      this.#narrowLater();
    }
  }

  leave(id: string): void {
    if (!this.#followers.delete(id)) return;
    if (this.#followers.size === 0) this.#close();
    else this.#narrowLater();
  }

  #wanted(): Filter {
    return unionOf([...this.#followers.values()].map(({ filter }) => filter));
  }

  #narrowLater(): void {
    clearTimeout(this.#narrow);
    this.#narrow = setTimeout(() => {
      const wanted = this.#wanted();
      if (this.#followers.size > 0 && queryOf(wanted) !== queryOf(this.#filter)) this.#open(wanted);
    }, NARROW_MS);
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#narrow);
    this.#retry = undefined;
    this.#source?.close();
    this.#source = undefined;
    this.#lastId = undefined;
    this.#state = 'connecting';
  }

  /** Another filter begins anew: followers read the state again once the stream is open, so nothing is missed in between. */
  #open(filter: Filter): void {
    this.#source?.close();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (queryOf(filter) !== queryOf(this.#filter)) this.#lastId = undefined;
    this.#filter = filter;
    // A server that refuses again and again may have another store, in which the last id names nothing: begin anew.
    if (this.#refused >= REFUSED_MAX) this.#lastId = undefined;
    if (this.#state !== 'live') this.#say(this.#lastId === undefined && this.#refused === 0 ? 'connecting' : 'cut');
    const query = new URLSearchParams([...filter]);
    if (this.#lastId !== undefined) query.set('lastEventId', this.#lastId);
    const text = query.toString();
    const source = new EventSource(`/v1/stream${text === '' ? '' : `?${text}`}`);
    this.#source = source;
    source.onopen = () => {
      this.#retryMs = RETRY_MIN_MS;
      this.#refused = 0;
      this.#say('live');
      if (this.#lastId === undefined) this.#tellAll({ kind: 'resync' });
    };
    source.addEventListener('run', (message) => this.#take(message, 'run'));
    source.addEventListener('event', (message) => this.#take(message, 'event'));
    source.addEventListener('gap', () => {
      this.#lastId = undefined;
      this.#tellAll({ kind: 'resync' });
    });
    source.onerror = () => {
      if (source !== this.#source) return;
      this.#say('cut');
      // The browser reconnects by itself after a cut, with the last id, but not after an answer that is not a stream.
      if (source.readyState !== EventSource.CLOSED) return;
      this.#refused++;
      this.#retry = setTimeout(() => this.#open(this.#filter), this.#retryMs);
      this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    };
  }

  #take(message: MessageEvent<string>, kind: 'run' | 'event'): void {
    this.#lastId = message.lastEventId;
    const item: StreamItem = { kind, value: JSON.parse(message.data) };
    if (item.kind === 'run') this.#remember(item.value);
    const query = queryOf(this.#filter);
    for (const { filter, tell } of this.#followers.values()) {
      const isAll = queryOf(filter) === query;
      if (isAll || matches(filter, item, (run) => this.#projects.get(run))) tell({ kind: 'item', item });
    }
  }

  #remember({ id, project }: RunSummary): void {
    this.#projects.delete(id);
    this.#projects.set(id, project);
    for (const oldest of this.#projects.keys()) {
      if (this.#projects.size <= PROJECTS_MAX) break;
      this.#projects.delete(oldest);
    }
  }

  #say(state: LiveState): void {
    this.#state = state;
    this.#tellAll({ kind: 'state', state });
  }

  #tellAll(told: Told): void {
    for (const { tell } of this.#followers.values()) tell(told);
  }
}
