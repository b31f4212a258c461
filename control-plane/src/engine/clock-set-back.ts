/** Clocks of replicas differ by less. */
const CLOCKS_DIFFER_MAX_MS = 60_000;

/** Between the two, somebody has set the clock back: by it nobody can tell how long ago the first was. */
export function isSetBack(before: number, at: number): boolean {
  return before > at + CLOCKS_DIFFER_MAX_MS;
}
