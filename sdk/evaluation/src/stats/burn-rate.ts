const HOUR_MS = 60 * 60 * 1000;

export interface Burn {
  /** 1 spends the whole budget in exactly the window. */
  readonly burnRate: number;
  /** Null when nothing burns. */
  readonly hoursToExhaust: number | null;
}

/** How fast an error budget is spent. `target` is the share of good events that was promised, such as 0.999. */
export function burnOf(badRatio: number, target: number, windowMs: number): Burn {
  const burnRate = badRatio / (1 - target);
  return {
    burnRate,
    hoursToExhaust: burnRate > 0 ? windowMs / HOUR_MS / burnRate : null,
  };
}
