import type { Store } from '../../src/store/store.ts';

/** A store on data of its own, and what can be done to it from outside. */
export interface StoreUnderTest extends AsyncDisposable {
  store: Store;
  /** Closes the store and opens it again on what it kept. */
  reopen(): Promise<Store>;
  /** A further store on the same data, as another replica has it; not where one process owns the data. */
  another?(): Promise<Store>;
  /** kill -9 of the server that keeps the data, and its return. */
  killServer?(): Promise<void>;
  /** What writer.ts, a process of its own, needs to open the same data; not where the data live in this process. */
  place?: { adapter: 'sqlite' | 'mongo' | 'postgres'; options: unknown };
}

export interface Abilities {
  /** Another process can open the same data: there is a `place`. */
  otherProcess?: boolean;
  /** The data are kept by a server: there is a `killServer`. */
  server?: boolean;
  /** It takes so many runs in a second or two: what is asked for then lies far behind them. */
  crowd?: number;
}

/** What tests need: the store of this test, opened when first asked for. */
export interface Fixture {
  opened(): Promise<StoreUnderTest>;
  store(): Promise<Store>;
}
