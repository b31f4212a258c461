import { z } from 'zod';

/** What the evaluate service says of a build, as far as it is shown here. */
const outputSchema = z.looseObject({
  why: z.string(),
  score: z.number(),
  decision: z
    .looseObject({
      objectives: z.array(
        z.looseObject({
          sli: z.string(),
          displayName: z.string(),
          status: z.string(),
          value: z.number().nullable(),
          baseline: z.looseObject({ aggregate: z.number().nullable() }),
          why: z.string(),
        }),
      ),
    })
    .nullable(),
});
export type Decision = z.output<typeof outputSchema>;

export const readDecision = (output: unknown): Decision => outputSchema.parse(output);

const HEADINGS = ['SLI', 'STATUS', 'VALUE', 'BASELINE', 'WHY'] as const;

/** A table with a line for each SLI, and the sentence that says why. */
export function tableOf({ decision, why }: Decision): string[] {
  const rows = (decision?.objectives ?? []).map((objective) => [
    objective.displayName || objective.sli,
    objective.status,
    shown(objective.value),
    shown(objective.baseline.aggregate),
    objective.why,
  ]);
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return [...[HEADINGS, ...rows].map((cells) => line(cells).trimEnd()), why];
}

const shown = (value: number | null): string => (value === null ? '-' : String(Number(value.toPrecision(4))));
