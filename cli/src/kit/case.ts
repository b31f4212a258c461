import type { Connect, InputName } from './inputs.ts';
import type { World } from './world.ts';

export const GROUPS = [
  'answer',
  'progress',
  'errors',
  'wrong input',
  'cancellation',
  'repeats',
  'large data',
  'concurrency',
  'drain',
  'restart',
] as const;
export type Group = (typeof GROUPS)[number];

/** One claim about a task service. */
export interface Case {
  /** Stable: what `--only` and `except` name. */
  readonly id: string;
  readonly group: Group;
  /** What the service does, as a sentence. */
  readonly title: string;
  /** Inputs it works with, besides `good`. */
  readonly needs?: readonly InputName[];
  /** It enlarges this member of the good input. */
  readonly needsLargeMember?: true;
  /** Only for these ways to connect. */
  readonly over?: readonly Connect[];
  /** The protocol recommends it: a miss is a warning. */
  readonly advice?: true;
  /** It ends or kills the service: it gets a process of its own. */
  readonly ownProcess?: true;
  readonly run: (world: World) => Promise<void>;
}
