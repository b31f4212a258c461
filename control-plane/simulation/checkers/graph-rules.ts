import { isDeepStrictEqual } from 'node:util';
import { ownValue, type SequencePlan } from '@slipway/contract';
import { type Env, type Run, type RunInput, transition } from '../../src/engine/index.ts';
import { GraphReference, type State } from '../reference/graph-reference.ts';

/**
 * A graph of the simulated world beside its reference: whatever ended an attempt, the same tasks start, are skipped for the same
 * reason and are cancelled. How an attempt ends is the business of other checkers; a final state stays as it is.
 */
export class GraphRules {
  readonly #env: Env;
  readonly #sequence: SequencePlan;
  #run: Run | undefined;
  #reference: GraphReference | undefined;

  constructor(env: Env, sequence: SequencePlan) {
    this.#env = env;
    this.#sequence = sequence;
  }

  /** What is wrong after this input; undefined: nothing. */
  take(input: RunInput): string | undefined {
    const before = this.#run;
    this.#run = transition(before, input, this.#env).run;
    const after = this.#run;
    if (after === undefined || after === before) return undefined;
    if (this.#reference === undefined) {
      if (after.kind !== 'open') return undefined;
      this.#reference = new GraphReference(this.#sequence, after.data);
    } else this.#follow(input, before, after, this.#reference);
    return this.#difference(after, this.#reference);
  }

  #follow(input: RunInput, before: Run | undefined, after: Run, reference: GraphReference): void {
    if (before?.kind !== 'open') return;
    if (input.kind === 'command') {
      if (input.command === 'abort') reference.stop('abort');
      else if (input.command === 'pause') reference.pause();
      else reference.resume();
      return;
    }
    if (input.kind === 'timer' && input.name.endsWith('-timeout') && !input.name.includes('/')) {
      if (after.kind === 'finished' || after.kind !== before.kind || after.main !== before.main)
        reference.stop('timeout');
      return;
    }
    const key = 'task' in input ? input.task : input.kind === 'timer' ? input.name.split('/')[1] : undefined;
    const was = key === undefined ? undefined : ownValue(before.nodes, key);
    const is = key === undefined ? undefined : ownValue(after.nodes, key);
    if (key === undefined || is?.state !== 'finished' || was === undefined || was.state === 'finished') return;
    if (was.state === 'delayed') {
      reference.wake(key);
      return;
    }
    const attempt = is.attempts.at(-1);
    if (attempt === undefined) return;
    const { result, status, outcome, output } = attempt;
    reference.answer(key, { result, status, message: '', timedOut: outcome === 'timed-out', output });
  }

  #difference(run: Run, reference: GraphReference): string | undefined {
    for (const { key } of this.#sequence.tasks) {
      const seen = seenOf(run, key);
      const due = dueOf(reference.stateOf(key));
      if (!isDeepStrictEqual(seen, due))
        return `${key} is ${JSON.stringify(seen)} and should be ${JSON.stringify(due)}`;
    }
    if (run.kind !== 'finished') return reference.end === undefined ? undefined : 'it should be over';
    const { status, result } = reference.end ?? { status: 'open', result: '' };
    if (run.status === status && run.result === result) return undefined;
    return `it ended ${run.status} ${run.result} and should have ended ${status} ${result}`;
  }
}

type Seen = { is: string; result?: string; why?: string | undefined; continues?: boolean };

/** Between its start and its end a task may be offered again, or wait for a pause to be over. */
function seenOf(run: Run, key: string): Seen {
  const node = ownValue(run.nodes, key);
  if (node?.state === 'finished') return { is: 'finished', result: node.result };
  if (node?.state === 'skipped') return { is: 'skipped', why: node.reason, continues: node.continues === true };
  if (node?.state === 'cancelled') return { is: 'cancelled' };
  return { is: node?.join?.from === undefined ? 'waiting' : 'started' };
}

function dueOf(state: State): Seen {
  if (state.is === 'finished') return { is: state.is, result: state.result };
  if (state.is === 'skipped') return { is: state.is, why: state.why, continues: state.continues };
  if (state.is === 'cancelled' || state.is === 'waiting') return { is: state.is };
  return { is: 'started' };
}
