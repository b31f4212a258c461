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
  open: number;
  waiting: number;
  /** Taken in and not durable yet. */
  reserved: number;
  countedAt: number;
  /** Runs that may start at once; below zero after a batch. */
  tokens: number;
  filledAt: number;
};

/** Where other replicas start runs too, what they have is counted again after so long. */
const COUNT_FRESH_MS = 2000;
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
    const usage = await this.#usageOf(project.name, limits);
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
      const usage = run && item ? this.#usage.get(run.project) : undefined;
      if (!usage) continue;
      usage.open += isOpen(run) - isOpen(before);
      usage.waiting += isWaiting(run) - isWaiting(before);
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

  async #usageOf(project: string, limits: ProjectLimits): Promise<Usage> {
    const { clock, shared } = this.#options;
    const now = clock.elapsed();
    const known = this.#usage.get(project);
    if (known && (!shared || now - known.countedAt < COUNT_FRESH_MS)) return known;
    const usage = known ?? {
      open: 0,
      waiting: 0,
      reserved: 0,
      countedAt: now,
      tokens: limits.runsPerSecond ?? 0,
      filledAt: now,
    };
    usage.countedAt = now;
    // From here on commits are counted, so what is committed while the store counts may count twice until the next count.
    this.#usage.set(project, usage);
    const counts = await this.#count(project);
    usage.open = counts.open;
    usage.waiting = counts.waiting;
    return usage;
  }

  async #count(project: string): Promise<{ open: number; waiting: number }> {
    const { store } = this.#options;
    const open = await store.countRuns({ project, open: true });
    if (open === 0) return { open, waiting: 0 };
    const [waiting] = await store.tallyRuns({ project, state: 'waiting' });
    return { open, waiting: waiting?.count ?? 0 };
  }

  #take(project: string, usage: Usage, limits: ProjectLimits, count: number): void {
    const { openRunsMax, waitingRunsMax, runsPerSecond } = limits;
    const open = usage.open + usage.reserved;
    if (openRunsMax !== null && open + count > openRunsMax) {
      throw this.#refusal(`project ${project} has ${open} open runs, and may have ${openRunsMax}: let some end first`);
    }
    if (waitingRunsMax !== null && usage.waiting >= waitingRunsMax) {
      throw this.#refusal(
        `${usage.waiting} runs of project ${project} wait for their concurrency group already, and ${waitingRunsMax} may`,
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

function isOpen(run: Run | undefined): number {
  return run !== undefined && run.kind !== 'finished' ? 1 : 0;
}

function isWaiting(run: Run | undefined): number {
  return run?.kind === 'waiting' ? 1 : 0;
}
