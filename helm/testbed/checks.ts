/** One line for each claim that was tried, and the total of them. */
export class Checks {
  #passed = 0;
  #failed = 0;

  /** Tries this claim. What follows may depend on it, so it says whether it held. */
  async that(claim: string, check: () => unknown): Promise<boolean> {
    const started = performance.now();
    try {
      await check();
      this.#passed += 1;
      console.log(`ok     ${claim} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
      return true;
    } catch (error) {
      this.broken(claim, error);
      return false;
    }
  }

  /** Counts this claim as tried in vain. */
  broken(claim: string, error: unknown): void {
    this.#failed += 1;
    const why = error instanceof Error ? error.message : String(error);
    console.log(`FAILED ${claim}\n${why.trimEnd().replace(/^/gm, '         ')}`);
  }

  /** The last line of a run. */
  total(): string {
    return `${this.#passed} passed, ${this.#failed} failed`;
  }

  get failed(): number {
    return this.#failed;
  }
}

/** Throws with these findings, when there are any. */
export function none(findings: readonly string[], what: string): void {
  if (findings.length > 0) throw new Error([what, ...findings].join('\n'));
}
