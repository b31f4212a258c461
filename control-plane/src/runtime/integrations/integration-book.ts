import { createHash } from 'node:crypto';
import type { Store } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../control-plane.ts';
import type { Integration, IntegrationLog, IntegrationSubscription, Integrations, Registration } from './ports.ts';

const INTEGRATIONS_MAX = 1_000;
const SUBSCRIPTIONS_MAX = 200;
const LOGS_MAX = 5_000;
const LOGS_DELETED_TOGETHER = 500;
const MESSAGE_MAX = 4_096;
const WRITES_MAX = 10;
/** Pings come every 5 s from each program: a sign of life is written this often. */
const SEEN_WRITTEN_EVERY_MS = 30_000;
const TTL_DEFAULT_MS = 48 * 3_600_000;

type LogFilter = { integrationId?: string; from?: number; until?: number };

/** The programs that have registered themselves, with their subscriptions and the lines they logged. Kept in the store: a Keptn service never registers twice. */
export class IntegrationBook implements Integrations {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #seen = new Map<string, number>();
  #logNumber = 0;

  constructor({ store, clock, ttlMs }: { store: Store; clock: Clock; ttlMs?: number | undefined }) {
    this.#store = store;
    this.#clock = clock;
    this.#ttlMs = ttlMs ?? TTL_DEFAULT_MS;
  }

  async register({ subscriptions, ...who }: Registration): Promise<{ id: string; created: boolean }> {
    const id = createHash('sha1').update(`${who.name}-${who.namespace}-${who.hostname}`).digest('hex');
    const lastSeenAt = this.#clock.now();
    const known = await this.#change(id, (before) => ({ ...before, ...who, id, lastSeenAt }));
    if (known !== undefined) return { id, created: false };
    await this.#forgetSilent();
    if ((await this.list()).length >= INTEGRATIONS_MAX) {
      throw new Refusal('conflict', `${INTEGRATIONS_MAX} integrations are registered: delete those that are gone`);
    }
    requireRoom(subscriptions.length);
    const fresh = subscriptions.map((one) => ({ ...one, id: this.#newId() }));
    const value: Integration = { ...who, id, lastSeenAt, subscriptions: fresh };
    const written = await this.#store.putDocument('integration', id, value, 'absent');
    this.#seen.set(id, lastSeenAt);
    // Another replica has registered it at the same moment.
    return { id, created: written !== undefined };
  }

  async ping(id: string): Promise<Integration | undefined> {
    const now = this.#clock.now();
    const found = await this.get(id);
    if (found === undefined) return undefined;
    this.#seen.set(id, now);
    if (now - found.lastSeenAt < SEEN_WRITTEN_EVERY_MS) return { ...found, lastSeenAt: now };
    return this.#change(id, (before) => ({ ...before, lastSeenAt: now }));
  }

  async get(id: string): Promise<Integration | undefined> {
    const found = (await this.#store.getDocument('integration', id))?.value as Integration | undefined;
    return found === undefined || this.#isSilent(found) ? undefined : found;
  }

  async list(): Promise<Integration[]> {
    const found = await this.#store.listDocuments('integration', { limit: INTEGRATIONS_MAX + 1 });
    return found
      .map(({ value }) => value as Integration)
      .filter((one) => !this.#isSilent(one))
      .map((one) => ({ ...one, lastSeenAt: Math.max(one.lastSeenAt, this.#seen.get(one.id) ?? 0) }));
  }

  async remove(id: string): Promise<boolean> {
    this.#seen.delete(id);
    return this.#store.deleteDocument('integration', id);
  }

  async addSubscription(id: string, subscription: Omit<IntegrationSubscription, 'id'>): Promise<string | undefined> {
    const added = { ...subscription, id: this.#newId() };
    const changed = await this.#change(id, (before) => {
      requireRoom(before.subscriptions.length + 1);
      return { ...before, subscriptions: [...before.subscriptions, added] };
    });
    return changed === undefined ? undefined : added.id;
  }

  async putSubscription(id: string, subscription: IntegrationSubscription): Promise<boolean> {
    let isThere = false;
    await this.#change(id, (before) => {
      isThere = before.subscriptions.some((one) => one.id === subscription.id);
      const subscriptions = before.subscriptions.map((one) => (one.id === subscription.id ? subscription : one));
      return { ...before, subscriptions };
    });
    return isThere;
  }

  async removeSubscription(id: string, subscription: string): Promise<boolean> {
    let isThere = false;
    await this.#change(id, (before) => {
      isThere = before.subscriptions.some((one) => one.id === subscription);
      return { ...before, subscriptions: before.subscriptions.filter((one) => one.id !== subscription) };
    });
    return isThere;
  }

  async log(lines: readonly IntegrationLog[]): Promise<void> {
    for (const line of lines) {
      this.#logNumber = (this.#logNumber + 1) % 1_000_000;
      const at = String(line.at).padStart(15, '0');
      const id = `${at}/${String(this.#logNumber).padStart(6, '0')}/${this.#newId().slice(0, 8)}`;
      await this.#store.putDocument('integration-log', id, { ...line, message: line.message.slice(0, MESSAGE_MAX) });
    }
    const all = await this.#store.listDocuments('integration-log', { limit: LOGS_MAX + LOGS_DELETED_TOGETHER });
    if (all.length < LOGS_MAX + LOGS_DELETED_TOGETHER) return;
    for (const { id } of all.slice(0, LOGS_DELETED_TOGETHER)) await this.#store.deleteDocument('integration-log', id);
  }

  async logs(filter: LogFilter): Promise<IntegrationLog[]> {
    return (await this.#logsOf(filter)).map(({ line }) => line).toReversed();
  }

  async deleteLogs(filter: LogFilter): Promise<void> {
    for (const { id } of await this.#logsOf(filter)) await this.#store.deleteDocument('integration-log', id);
  }

  async #logsOf(filter: LogFilter): Promise<{ id: string; line: IntegrationLog }[]> {
    const found = await this.#store.listDocuments('integration-log', { limit: LOGS_MAX + LOGS_DELETED_TOGETHER });
    return found
      .map(({ id, value }) => ({ id, line: value as IntegrationLog }))
      .filter(
        ({ line }) =>
          (filter.integrationId === undefined || line.integrationId === filter.integrationId) &&
          (filter.from === undefined || line.at >= filter.from) &&
          (filter.until === undefined || line.at <= filter.until),
      );
  }

  /** Undefined: there is none, or it has been silent for too long. */
  async #change(id: string, change: (before: Integration) => Integration): Promise<Integration | undefined> {
    for (let attempt = 0; attempt < WRITES_MAX; attempt += 1) {
      const found = await this.#store.getDocument('integration', id);
      if (found === undefined || this.#isSilent(found.value as Integration)) {
        if (found !== undefined) await this.#store.deleteDocument('integration', id);
        return undefined;
      }
      const next = change(found.value as Integration);
      if ((await this.#store.putDocument('integration', id, next, found.revision)) !== undefined) return next;
    }
    throw new Refusal('conflict', 'the integration is being changed by others: try again');
  }

  /** A version 4 UUID by the clock's chance, as everything random in this room is. */
  #newId(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.#clock.random() * 16).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  #isSilent({ id, lastSeenAt }: Integration): boolean {
    return this.#clock.now() - Math.max(lastSeenAt, this.#seen.get(id) ?? 0) > this.#ttlMs;
  }

  async #forgetSilent(): Promise<void> {
    for (const { id, value } of await this.#store.listDocuments('integration', { limit: INTEGRATIONS_MAX + 1 })) {
      if (this.#isSilent(value as Integration)) await this.remove(id);
    }
  }
}

function requireRoom(subscriptions: number): void {
  if (subscriptions <= SUBSCRIPTIONS_MAX) return;
  throw new Refusal('conflict', `an integration has at most ${SUBSCRIPTIONS_MAX} subscriptions`);
}
