import type { JsonObject } from '@slipway/contract';
import type { Env, Evaluated, Evaluator, Run } from '../engine/index.ts';
import { replayOutcomes, transition } from '../engine/index.ts';
import type { JournalEntry, Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { decodeRunDecisions } from './entry.ts';

/** Where a fold gets the plans of its runs from, and its pauses. */
export type FoldContext = {
  envOf(at: { project: string; planVersion: string; stage: string; sequence: string }): Env | Promise<Env>;
  clock: Clock;
};

/** A run as of its journal's entry `seq`. */
export type FoldedRun = { run: Run; env: Env; seq: number };
type Kept = FoldedRun & { at: number; chars: number };

/** Entries that are folded without a pause: a millisecond's work, or tens of them in a run of thousands of tasks. */
const FOLD_TURN = 50;
/** A run by later rules is left to replicas that know them: decided by these it would mean something else. */
const RULES_MAX = 2;
/** A shorter journal is folded sooner than it pays to keep what comes out. */
const KEPT_ENTRIES_MIN = 20;

/**
 * Runs as they were last folded for somebody who looks, so that looking again costs what has happened since: nothing for
 * one that has finished. The least recently used go when there are too many.
 */
export class RunFolds {
  readonly #store: Store;
  readonly #context: FoldContext;
  readonly #charsMax: number;
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<unknown>>();
  #chars = 0;

  constructor(options: FoldContext & { store: Store; charsMax: number }) {
    this.#store = options.store;
    this.#context = options;
    this.#charsMax = options.charsMax;
  }

  /** As its journal says now; undefined when it has none. */
  async load(stream: string): Promise<FoldedRun | undefined> {
    // Who comes meanwhile goes on from what the one before finds; that one's question may be older than the last commit.
    const before = this.#underWay.get(stream);
    const folding = (async () => {
      await before?.catch(() => undefined);
      return this.#load(stream);
    })();
    this.#underWay.set(stream, folding);
    try {
      return await folding;
    } finally {
      if (this.#underWay.get(stream) === folding) this.#underWay.delete(stream);
    }
  }

  async #load(stream: string): Promise<FoldedRun | undefined> {
    const known = this.#kept.get(stream);
    if (known !== undefined) {
      const [first, ...rest] = await this.#store.read(stream, { from: known.seq });
      const isSame = first?.seq === known.seq && first.at === known.at;
      if (isSame && rest.length === 0) return this.#keep(stream, known);
      if (isSame) return this.#fold(stream, rest, known);
      // Retention took it, and the same trigger may have begun it again.
      this.#forget(stream);
    }
    return this.#fold(stream, await this.#store.read(stream), undefined);
  }

  async #fold(
    stream: string,
    entries: readonly JournalEntry[],
    from: Kept | undefined,
  ): Promise<FoldedRun | undefined> {
    const folded = await foldRun(entries, this.#context, from);
    const last = entries.at(-1);
    if (folded.run === undefined || folded.env === undefined || last === undefined) return undefined;
    const { run, env } = folded;
    const kept = { run, env, seq: last.seq, at: last.at, chars: (from?.chars ?? 0) + folded.chars };
    return last.seq < KEPT_ENTRIES_MIN ? kept : this.#keep(stream, kept);
  }

  #keep(stream: string, kept: Kept): FoldedRun {
    this.#forget(stream);
    this.#kept.set(stream, kept);
    this.#chars += kept.chars;
    for (const oldest of this.#kept.keys()) {
      if (this.#chars <= this.#charsMax) break;
      this.#forget(oldest);
    }
    return kept;
  }

  #forget(stream: string): void {
    this.#chars -= this.#kept.get(stream)?.chars ?? 0;
    this.#kept.delete(stream);
  }
}

/**
 * Folds a run's journal: its state is what its inputs make of nothing, or of what is known. A long one lets others in
 * between. `chars`: what of the entries came from outside, which is about what the run has of them; what was sent is made of it.
 */
export async function foldRun(
  entries: readonly JournalEntry[],
  { envOf, clock }: FoldContext,
  from?: FoldedRun,
): Promise<{ run: Run | undefined; env: Env | undefined; chars: number }> {
  let run = from?.run;
  let env = from?.env;
  // Others have the run that is gone on from: it must stay as it is.
  let own = from?.env;
  let chars = 0;
  const old = new OldWork();
  for (const [index, entry] of entries.entries()) {
    if (index % FOLD_TURN === FOLD_TURN - 1) await new Promise<void>((resolve) => void clock.after(0, resolve));
    chars += entry.header.length;
    for (const { input, outcomes } of decodeRunDecisions(entry)) {
      if (input.kind === 'trigger' && (input.rules ?? 1) > RULES_MAX)
        throw new Error(
          `run ${entry.stream} is decided by rules ${input.rules}, and this program knows ${RULES_MAX}: upgrade it`,
        );
      if (input.kind === 'trigger' && !env) {
        env = await envOf(input);
        own = { ...env, ownsRun: true };
      }
      if (!own) throw new Error(`the journal of ${entry.stream} does not begin with a trigger`);
      if (input.kind === 'trigger' || input.kind === 'answer') chars += input.json.length;
      const evaluator = outcomes === undefined ? old.evaluator(own.evaluator) : replayOutcomes(outcomes);
      run = transition(run, input, { ...own, evaluator }).run;
    }
  }
  const last = entries.at(-1);
  if (old.isSpent && last !== undefined && run !== undefined && run.kind !== 'finished' && own !== undefined)
    run = transition(run, { kind: 'park', at: last.at, reason: OLD_WORK_REASON }, own).run;
  return { run, env, chars };
}

/**
 * What the entries of one run may cost that an older program wrote: it kept no outcomes, so its expressions are computed
 * again at each fold. About two seconds, after which the run is parked: one run must not hold up the start of all others.
 */
const OLD_WORK_MAX = 16_000_000;
const OLD_WORK_REASON =
  'an older version wrote its journal without what its expressions came to, and to compute them again takes too long: abort it and start a new run';

const NOT_COMPUTED: Evaluated = { ok: true, value: null };

class OldWork {
  readonly #budget = { left: OLD_WORK_MAX };

  get isSpent(): boolean {
    return this.#budget.left <= 0;
  }

  /** Each evaluation as it was, without a bound on all of a decision; once too much is spent, nothing is computed. */
  evaluator(evaluator: Evaluator): Evaluator {
    const compute: Evaluator['evaluate'] = (...[what, scope]) => this.#take(evaluator.evaluate, what, scope);
    const resolve: Evaluator['resolve'] = (template, scope) => this.#take(evaluator.resolve, template, scope);
    return { evaluate: compute, resolve, faultOf: evaluator.faultOf };
  }

  #take<T>(
    compute: (what: T, scope: JsonObject, budget: { left: number }) => Evaluated,
    what: T,
    scope: JsonObject,
  ): Evaluated {
    const outcome = this.isSpent ? NOT_COMPUTED : compute(what, scope, this.#budget);
    return this.isSpent ? NOT_COMPUTED : outcome;
  }
}
