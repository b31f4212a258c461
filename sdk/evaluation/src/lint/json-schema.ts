import { z } from 'zod';
import { comparisonExtensions, fileExtensions, objectiveExtensions } from '../slo/extension-schema.ts';
import { aggregateWords, compareWords, includeWords } from '../slo/words.ts';

const scalar = z.union([z.string(), z.number()]);
const groups = z
  .array(z.object({ criteria: z.array(scalar).describe('All of them must hold') }))
  .describe('One of them must hold');

/** slo.yaml as an editor should know it: what Keptn means, not what its decoder lets through. */
const sloSchema = z
  .object({
    spec_version: scalar.optional(),
    // Keptn's own tutorials leave it empty.
    filter: z.record(z.string(), scalar).nullish().describe('Passed to the SLI provider'),
    comparison: z
      .object({
        compare_with: z.enum(compareWords).describe('Other words compare with 3 results'),
        include_result_with_score: z.enum(includeWords).optional(),
        number_of_comparison_results: z.int().min(1).max(100).optional(),
        aggregate_function: z.enum(aggregateWords).optional(),
        ...comparisonExtensions.shape,
      })
      .nullish(),
    objectives: z.array(
      z.object({
        sli: z.string(),
        displayName: z.string().optional(),
        pass: groups.optional().describe('Without it the objective only informs'),
        warning: groups.optional(),
        weight: z.int().optional(),
        key_sli: z.boolean().optional().describe('When it fails, the evaluation fails'),
        ...objectiveExtensions.shape,
      }),
    ),
    total_score: z.object({
      pass: scalar.describe('For example "90%"'),
      warning: scalar.optional(),
    }),
    ...fileExtensions.shape,
  })
  .describe('Objectives for an evaluation: Keptn v1 and the keys of Slipway');

/** The JSON Schema (draft 2020-12) of slo.yaml, for editors. */
export function sloJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(sloSchema, { io: 'input', unrepresentable: 'any' }), title: 'slo.yaml' };
}
