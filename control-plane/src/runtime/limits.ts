import type { Project } from '@slipway/contract';

/** Bounds of what a control plane keeps in memory and has under way. Each may be set lower in a test. */
export type PlaneLimits = {
  /** Inputs that wait to be decided; beyond it no new runs are taken. Answers are. */
  inputsMax: number;
  /** Beyond it nothing is taken at all: whoever sends repeats it. */
  inputsHardMax: number;
  cachedStreamsMax: number;
  /** Overload is told by these, each for what is refused first, second and third: reads, new runs, commands. */
  waitMaxMs: readonly [number, number, number];
  lagMaxMs: readonly [number, number, number];
  /** What a project may have that says nothing of its own. */
  perProject: { [K in keyof Project['limits']]-?: number | null };
  /** Events on their way to one push subscription. */
  pushConcurrency: number;
  /** Entries of a concurrency group's journal after which its fold is kept, so that a start need not begin with the first. */
  groupSnapshotEvery: number;
  /** About, by what the streams' entries have in the journal. */
  cachedBytesMax: number;
};

export const defaultPlaneLimits: PlaneLimits = {
  inputsMax: 10_000,
  inputsHardMax: 50_000,
  waitMaxMs: [2_000, 5_000, 15_000],
  lagMaxMs: [5_000, 10_000, 30_000],
  perProject: { openRunsMax: null, waitingRunsMax: null, runsPerSecond: null },
  pushConcurrency: 8,
  groupSnapshotEvery: 500,
  cachedStreamsMax: 20_000,
  cachedBytesMax: 256 * 1024 * 1024,
};
