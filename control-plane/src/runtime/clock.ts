/** Time and chance come in from outside, so that a simulation can turn them by hand. */
export interface Clock {
  /** Epoch ms, as the machine's clock says, which somebody may set. For what is written down. */
  now(): number;
  /** ms since some moment; nobody sets it. For what is waited for in memory. */
  elapsed(): number;
  /** Calls back once, not before `ms` have passed; answers how to cancel. At most one hour ahead. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back after the current turn, so that what arrives together is handled together. */
  soon(callback: () => void): void;
  /** 0 <= random < 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  random: Math.random,
  soon: (callback) => void setImmediate(callback),
  after(ms, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(0, ms), 3_600_000));
    handle.unref();
    return () => clearTimeout(handle);
  },
};
