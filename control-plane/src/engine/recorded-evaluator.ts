import type { Evaluated, Evaluator, SchemaFault } from './types.ts';

/**
 * The outcomes of a decision's expressions are part of its journal entry, in the order in which the decision asked for them. A
 * fold reads them there: it costs nothing, and a later program that computes something else does not change what was decided.
 */
export function recordOutcomes(
  evaluator: Evaluator,
  budget: { left: number },
): { evaluator: Evaluator; outcomes: Evaluated[] } {
  const outcomes: Evaluated[] = [];
  const note = (outcome: Evaluated): Evaluated => {
    outcomes.push(outcome);
    return outcome;
  };
  return {
    outcomes,
    evaluator: {
      evaluate: (expression, scope) => note(evaluator.evaluate(expression, scope, budget)),
      resolve: (template, scope) => note(evaluator.resolve(template, scope, budget)),
      faultOf: (schema, value) => {
        const fault = evaluator.faultOf(schema, value);
        note({ ok: true, value: fault ?? null });
        return fault;
      },
    },
  };
}

/** Gives what was recorded, once and in order. */
export function replayOutcomes(outcomes: readonly Evaluated[]): Evaluator {
  let next = 0;
  const take = (): Evaluated => {
    const outcome = outcomes[next++];
    if (outcome === undefined)
      throw new Error(`the journal has ${outcomes.length} outcomes for a decision that asks for more`);
    return outcome;
  };
  const takeFault = (): SchemaFault | undefined => {
    const outcome = take();
    return outcome.ok && outcome.value !== null ? (outcome.value as SchemaFault) : undefined;
  };
  return { evaluate: take, resolve: take, faultOf: takeFault };
}
