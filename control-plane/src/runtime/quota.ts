import type { Project } from '@slipway/contract';
import type { Run } from '../engine/index.ts';
import type { Store } from '../store/store.ts';
import type { Committed } from './advance.ts';
import type { Clock } from './clock.ts';
import { Refusal } from './control-plane.ts';

/** What a project may have; null: as much as it likes. */
type ProjectLimits = { [K in keyof Project['limits']]-?: number | null };

type QuotaOptions = { store: Store; clock: Clock; shared: boolean; defaults: ProjectLimits };

type Usage = {
  open: Tally;
  waiting: Tally;
  /** Taken in and not durable yet. */
  reserved: number;
  /** When the newest count began, by the clock that nobody sets; undefined: it has failed, or there was none. */
  countedAt: number | undefined;
  /** The count that is under way. */
  counting: Promise<void> | undefined;
  /** Runs that may start at once; below zero after a batch. */
  tokens: number;
  filledAt: number;
};

/** Where other replicas start runs too, or commits crossed the first count, it is counted again after so long. */
const COUNT_SOON_MS = 2000;
/** Elsewhere a write of which nobody knows whether it is durable makes what is told differ from what there is. */
const COUNT_AGAIN_MS = 60_000;
const RETRY_MIN_MS = 1000;
const RETRY_JITTER_MS = 4000;

/**
 * What each project may have: runs that begin in a second, open runs, and runs that wait for their concurrency group. It
 * holds for new runs that somebody sends; the next stage of a run that was taken is never refused.
 */
export class Quota {
  readonly #options: QuotaOptions;
  readonly #usage = new Map<string, Usage>();

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  /** Lets so many new runs in, or throws the Refusal. Answers what to call when they are durable, or will not be. */
  async admit(project: Project, count: number): Promise<() => void> {
    const limits = this.#limitsOf(project);
    const { openRunsMax, waitingRunsMax, runsPerSecond } = limits;
    if (openRunsMax === null && waitingRunsMax === null && runsPerSecond === null) return () => undefined;
    const usage = this.#usageOf(project.name, limits);
    if (openRunsMax !== null || waitingRunsMax !== null) await this.#counted(project.name, usage);
    this.#take(project.name, usage, limits, count);
    usage.reserved += count;
    let isHeld = true;
    return () => {
      if (isHeld) usage.reserved -= count;
      isHeld = false;
    };
  }

  /** Keeps count of what begins and ends. */
  committed(batch: readonly Committed[]): void {
    if (this.#usage.size === 0) return;
    for (const { run, before, item } of batch) {
      const usage = run ? this.#usage.get(run.project) : undefined;
      if (!usage || !item) continue;
      usage.open.add(isOpen(run) - isOpen(before), item.at);
      usage.waiting.add(isWaiting(run) - isWaiting(before), item.at);
    }
  }

  #limitsOf({ limits }: Project): ProjectLimits {
    const { defaults } = this.#options;
    return {
      openRunsMax: limits.openRunsMax ?? defaults.openRunsMax,
      waitingRunsMax: limits.waitingRunsMax ?? defaults.waitingRunsMax,
      runsPerSecond: limits.runsPerSecond ?? defaults.runsPerSecond,
    };
  }

  #usageOf(project: string, limits: ProjectLimits): Usage {
    const known = this.#usage.get(project);
    if (known) return known;
    const usage: Usage = {
      open: new Tally(),
      waiting: new Tally(),
      reserved: 0,
      countedAt: undefined,
      counting: undefined,
      tokens: limits.runsPerSecond ?? 0,
      filledAt: this.#options.clock.elapsed(),
    };
    this.#usage.set(project, usage);
    return usage;
  }

  /** Resolves when the usage may be relied on; rejects for all who wait for a count that fails, and the next one counts. */
  async #counted(project: string, usage: Usage): Promise<void> {
    if (usage.counting === undefined) {
      const { clock, shared } = this.#options;
      const now = clock.elapsed();
      const isSoon = shared || usage.open.isGuess || usage.waiting.isGuess;
      const freshMs = isSoon ? COUNT_SOON_MS : COUNT_AGAIN_MS;
      if (usage.countedAt !== undefined && now - usage.countedAt < freshMs) return;
      usage.countedAt = now;
      usage.counting = this.#count(project, usage).finally(() => {
        usage.counting = undefined;
      });
    }
    await usage.counting;
  }

  async #count(project: string, usage: Usage): Promise<void> {
    const { store, clock, shared } = this.#options;
    const { open, waiting } = usage;
    // What other replicas did is not told here, so what was told is no better than the count.
    open.begin({ keep: !shared });
    waiting.begin({ keep: !shared });
    try {
      const opens = await store.countRuns({ project, open: true });
      const [waits] = opens === 0 ? [] : await store.tallyRuns({ project, state: 'waiting' });
      open.counted(opens, clock.now());
      waiting.counted(waits?.count ?? 0, clock.now());
    } catch (error) {
      // The usage stays: what it has reserved is on its way still.
      open.failed();
      waiting.failed();
      usage.countedAt = undefined;
      throw error;
    }
  }

  #take(project: string, usage: Usage, limits: ProjectLimits, count: number): void {
    const { openRunsMax, waitingRunsMax, runsPerSecond } = limits;
    const open = usage.open.value + usage.reserved;
    if (openRunsMax !== null && open + count > openRunsMax) {
      throw this.#refusal(`project ${project} has ${open} open runs, and may have ${openRunsMax}: let some end first`);
    }
    if (waitingRunsMax !== null && usage.waiting.value >= waitingRunsMax) {
      throw this.#refusal(
        `${usage.waiting.value} runs of project ${project} wait for their concurrency group already, and ${waitingRunsMax} may`,
      );
    }
    if (runsPerSecond === null) return;
    const now = this.#options.clock.elapsed();
    usage.tokens = Math.min(runsPerSecond, usage.tokens + ((now - usage.filledAt) / 1000) * runsPerSecond);
    usage.filledAt = now;
    if (usage.tokens < 1 && usage.tokens < runsPerSecond) {
      const waitMs = ((1 - usage.tokens) / runsPerSecond) * 1000;
      throw this.#refusal(`project ${project} may start ${runsPerSecond} runs in a second`, waitMs);
    }
    usage.tokens -= count;
  }

  #refusal(detail: string, waitMs = RETRY_MIN_MS): Refusal {
    const retryAfterMs = Math.ceil(waitMs + this.#options.clock.random() * Math.min(waitMs, RETRY_JITTER_MS));
    return new Refusal('rate-limited', detail, { retryAfterMs });
  }
}

/**
 * How many there are, by what commits tell and by what the store counts now and then. A commit may be in a count when it is
 * told while the count is under way, or was decided before the count was there: then the truth is between two bounds. What
 * was told holds within them; where nothing was known before, the upper one does. So it is never too low, and too high by no
 * more than what crossed the newest count, unless a write that was not confirmed is durable: that is made good by the next
 * count, but for as many as cross it. A clock that is set may make it wrong until the next count.
 */
class Tally {
  /** Infinity: nothing is known of what was before the newest count. */
  #told = Number.POSITIVE_INFINITY;
  /** `told` rests on a count that may have what was decided up to then. */
  #toldUntil = Number.NEGATIVE_INFINITY;
  #low = Number.NEGATIVE_INFINITY;
  #high = Number.POSITIVE_INFINITY;
  /** The newest count may have what was decided up to then. */
  #countedUntil = Number.NEGATIVE_INFINITY;

  get value(): number {
    return Math.max(0, Math.min(Math.max(this.#told, this.#low), this.#high));
  }

  /** It may be too high, and another count knows better. */
  get isGuess(): boolean {
    return this.#told === Number.POSITIVE_INFINITY && this.#low < this.#high;
  }

  /** A count begins. `keep`: what was told until now bears on it. */
  begin({ keep }: { keep: boolean }): void {
    this.#told = keep ? this.value : Number.POSITIVE_INFINITY;
    this.#toldUntil = this.#countedUntil;
    this.#low = 0;
    this.#high = 0;
    this.#countedUntil = Number.POSITIVE_INFINITY;
  }

  counted(count: number, now: number): void {
    this.#low += count;
    this.#high += count;
    this.#countedUntil = now;
  }

  failed(): void {
    this.#low = Number.NEGATIVE_INFINITY;
    this.#high = Number.POSITIVE_INFINITY;
    this.#countedUntil = this.#toldUntil;
  }

  /** Some began or ended, by an entry that was decided `at`. */
  add(change: number, at: number): void {
    const more = Math.max(0, change);
    const less = Math.min(0, change);
    this.#told = Math.max(0, this.#told + (at <= this.#toldUntil ? more : change));
    const mayBeCounted = at <= this.#countedUntil;
    this.#low += mayBeCounted ? less : change;
    this.#high += mayBeCounted ? more : change;
  }
}

function isOpen(run: Run | undefined): number {
  return run !== undefined && run.kind !== 'finished' ? 1 : 0;
}

/** As the store counts them: one that is paused or parked does not wait for its group. */
function isWaiting(run: Run | undefined): number {
  return run?.kind === 'waiting' && !run.paused && run.parked === undefined ? 1 : 0;
}
