import { setTimeout as sleep } from 'node:timers/promises';
import pg, { type QueryResultRow } from 'pg';
import { StoreUnavailable } from '../store.ts';
import { type PostgresAddress, readAddress } from './hosts.ts';

const CONNECT_TIMEOUT_MS = 1_500;
const RECONNECT_MS = 250;
const POOL_MAX = 12;
const IDLE_MS = 60_000;
/** A statement that lost a race of locks has changed nothing: it may run again. */
const LOST_RACE = new Set(['40P01', '40001']);
const RACES_MAX = 5;
/** The server is a standby, or is becoming one: another of the hosts is the primary. */
const NOT_PRIMARY = new Set(['25006', '57P01', '57P02', '57P03']);
/** PostgreSQL answers "committed" after these warnings although no standby has the commit. */
const NOT_REPLICATED = /synchronous replication/;

export interface Row extends QueryResultRow {}

/**
 * Connections to the primary among the hosts of a URL. One statement is one transaction: there is no BEGIN, so nothing is ever left
 * half done on a connection.
 */
export class Database {
  readonly #address: PostgresAddress;
  readonly #onNotice: (text: string) => void;
  #at = 0;
  #pool: pg.Pool;
  /** After a failed connection, until the next attempt. */
  #pause: Promise<void> | undefined;

  constructor(url: string, onNotice: (text: string) => void) {
    this.#address = readAddress(url);
    this.#onNotice = onNotice;
    this.#pool = this.#connect();
  }

  /**
   * Runs one statement. A timeout closes the connection instead of cancelling the statement: a commit that waits for a standby would
   * answer a cancellation with "committed". Throws StoreUnavailable when the outcome is unknown.
   */
  async run<T extends Row>(
    what: string,
    timeoutMs: number,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<T[]> {
    for (let race = 0; ; race += 1) {
      try {
        return await this.#once<T>(what, timeoutMs, text, values);
      } catch (error) {
        const isLostRace = error instanceof StoreUnavailable && LOST_RACE.has(codeOf(error.cause));
        if (race >= RACES_MAX || !isLostRace) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #once<T extends Row>(what: string, timeoutMs: number, text: string, values: readonly unknown[]): Promise<T[]> {
    // A server that restarts has better things to do than to refuse connections.
    await this.#pause;
    const pool = this.#pool;
    const deadline = performance.now() + timeoutMs;
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      this.#turnFrom(pool);
      this.#pause ??= sleep(RECONNECT_MS).then(() => {
        this.#pause = undefined;
      });
      throw unavailable(`PostgreSQL could not be reached for '${what}'`, error);
    }
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new StoreUnavailable(`PostgreSQL did not answer '${what}' within ${timeoutMs} ms`)),
      Math.max(1, deadline - performance.now()),
    );
    let unsafe: string | undefined;
    const hear = (notice: { message?: string | undefined }): void => {
      if (NOT_REPLICATED.test(notice.message ?? '')) unsafe = notice.message;
    };
    client.on('notice', hear);
    // A connection that breaks while a statement runs fails the statement too.
    const ignore = (): void => {};
    client.on('error', ignore);
    let broken = true;
    try {
      const query = client.query<T>({ text, values: [...values] });
      // A connection that is closed below fails the query too.
      query.catch(() => {});
      const result: pg.QueryResult<T> | pg.QueryResult<T>[] = await Promise.race([query, late]);
      if (unsafe !== undefined) throw new StoreUnavailable(`PostgreSQL did not replicate '${what}': ${unsafe}`);
      broken = false;
      // Several statements in one text have a result each.
      return Array.isArray(result) ? [] : result.rows;
    } catch (error) {
      const code = codeOf(error);
      // Any other answer of the server leaves the connection as it was.
      broken = error instanceof StoreUnavailable || code === '' || NOT_PRIMARY.has(code) || code.startsWith('08');
      if (NOT_PRIMARY.has(code)) this.#turnFrom(pool);
      if (error instanceof StoreUnavailable) throw error;
      throw unavailable(`PostgreSQL failed at '${what}'`, error);
    } finally {
      clearTimeout(timer);
      client.off('notice', hear);
      client.off('error', ignore);
      client.release(broken);
    }
  }

  /** Takes the next host, once for all that met the same failure. */
  #turnFrom(pool: pg.Pool): void {
    if (pool !== this.#pool || this.#address.hosts.length === 1) return;
    this.#at = (this.#at + 1) % this.#address.hosts.length;
    this.#pool = this.#connect();
    void pool.end();
  }

  #connect(): pg.Pool {
    const pool = new pg.Pool({
      ...this.#address.config,
      ...this.#address.hosts[this.#at],
      application_name: 'slipway',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      max: POOL_MAX,
      idleTimeoutMillis: IDLE_MS,
      verify: (client, done) => {
        client
          .query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
          .then(
            ({ rows }) => done(rows[0]?.standby === true ? new Error('this server is a standby') : undefined),
            done,
          );
      },
    });
    // An idle connection that breaks is replaced by the next statement.
    pool.on('error', (error) => this.#onNotice(error.message));
    return pool;
  }
}

function unavailable(text: string, cause: unknown): StoreUnavailable {
  return new StoreUnavailable(`${text}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
