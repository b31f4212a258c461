/** YAML text to a checked plan, or to problems with their places; and the expressions in it. */

export type { Evaluated, Evaluator, Scope } from './expression/evaluator.ts';
export { createEvaluator } from './expression/evaluator.ts';
export type { ExpressionLimits, WorkBudget } from './expression/meter.ts';
export { DECISION_WORK_MAX } from './expression/meter.ts';
export { pathsIn } from './expression/paths.ts';
export { taskVariable } from './expression/where.ts';
export type { InputFault, InputSchema } from './input-schema.ts';
export { compileInputSchema } from './input-schema.ts';
export { type Migration, migrateShipyard } from './migrate.ts';
export type { ParsedShipyard } from './parse-shipyard.ts';
export { lintShipyard, parseShipyard } from './parse-shipyard.ts';
export { renderProblems } from './render-problems.ts';
export { targetOf } from './schema-work.ts';
