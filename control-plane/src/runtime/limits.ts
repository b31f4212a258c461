/** Bounds of what a control plane keeps in memory and has under way. Each may be set lower in a test. */
export type PlaneLimits = {
  /** Inputs that wait to be decided; beyond it no new runs are taken. Answers are. */
  inputsMax: number;
  /** One project's part of them while others have some, too. */
  inputsSharePerProject: number;
  /** Beyond it nothing is taken at all: whoever sends repeats it. */
  inputsHardMax: number;
  cachedStreamsMax: number;
  /** About, by what the streams' entries have in the journal. */
  cachedBytesMax: number;
};

export const defaultPlaneLimits: PlaneLimits = {
  inputsMax: 10_000,
  inputsSharePerProject: 0.5,
  inputsHardMax: 50_000,
  cachedStreamsMax: 20_000,
  cachedBytesMax: 256 * 1024 * 1024,
};
