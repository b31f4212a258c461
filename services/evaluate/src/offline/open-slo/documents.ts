import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from 'js-yaml';
import { z } from 'zod';
import { OfflineProblem } from '../problem.ts';

/** OpenSLO v1, as far as an slo.yaml can say the same. What else a document has (labels, descriptions) is passed over. */

const named = z.looseObject({ name: z.string(), displayName: z.string().optional() });

const metric = z.looseObject({
  metricSource: z.looseObject({
    type: z.string().optional(),
    metricSourceRef: z.string().optional(),
    spec: z.looseObject({ query: z.string().optional() }).optional(),
  }),
});
export type Metric = z.output<typeof metric>;

const sliSpec = z.looseObject({
  ratioMetric: z
    .looseObject({
      counter: z.boolean().optional(),
      good: metric.optional(),
      bad: metric.optional(),
      total: metric.optional(),
      rawType: z.enum(['success', 'failure']).optional(),
      raw: metric.optional(),
    })
    .optional(),
  thresholdMetric: metric.optional(),
});
export type SliSpec = z.output<typeof sliSpec>;
const indicator = z.looseObject({ metadata: named, spec: sliSpec });
export type Indicator = z.output<typeof indicator>;

const conditionSpec = z.looseObject({
  severity: z.string().default('page'),
  condition: z.looseObject({
    kind: z.string(),
    threshold: z.number(),
    lookbackWindow: z.string(),
    alertAfter: z.string().optional(),
  }),
});
const condition = z.looseObject({ metadata: named, spec: conditionSpec });
export type Condition = z.output<typeof condition>;

const conditionRef = z.looseObject({ conditionRef: z.string() });
const policySpec = z.looseObject({ conditions: z.array(z.union([conditionRef, condition])).default([]) });
const policy = z.looseObject({ metadata: named, spec: policySpec });
export type Policy = z.output<typeof policy>;

const objective = z.looseObject({
  displayName: z.string().optional(),
  op: z.enum(['lte', 'gte', 'lt', 'gt']).optional(),
  value: z.number().optional(),
  target: z.number().optional(),
  targetPercent: z.number().optional(),
  timeSliceTarget: z.number().optional(),
  timeSliceWindow: z.union([z.string(), z.number()]).optional(),
  indicator: indicator.optional(),
  indicatorRef: z.string().optional(),
});
export type Objective = z.output<typeof objective>;

const slo = z.looseObject({
  metadata: named,
  spec: z.looseObject({
    indicator: indicator.optional(),
    indicatorRef: z.string().optional(),
    timeWindow: z
      .array(z.looseObject({ duration: z.string(), isRolling: z.boolean().optional() }))
      .max(1)
      .optional(),
    budgetingMethod: z.enum(['Occurrences', 'Timeslices', 'RatioTimeslices']).default('Occurrences'),
    objectives: z.array(objective).min(1),
    alertPolicies: z.array(z.union([z.string(), z.looseObject({ alertPolicyRef: z.string() }), policy])).nullish(),
  }),
});
export type OpenSlo = z.output<typeof slo>;

export interface OpenSloDocuments {
  readonly slos: readonly OpenSlo[];
  readonly slis: ReadonlyMap<string, Indicator>;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly conditions: ReadonlyMap<string, Condition>;
}

const TEXT_MAX_CHARS = 5_000_000;
const PASSED_OVER: readonly string[] = ['DataSource', 'Service', 'AlertNotificationTarget'];

/** Reads a file of OpenSLO documents: one after the other, or as a list. */
export function readOpenSlo(text: string): OpenSloDocuments {
  const slos: OpenSlo[] = [];
  const slis = new Map<string, Indicator>();
  const policies = new Map<string, Policy>();
  const conditions = new Map<string, Condition>();
  for (const [index, document] of documentsIn(text).entries()) {
    const { kind, name } = head(document, index);
    const about = `${kind} '${name}'`;
    if (kind === 'SLO') slos.push(check(slo, document, about));
    else if (kind === 'SLI') slis.set(name, check(indicator, document, about));
    else if (kind === 'AlertPolicy') policies.set(name, check(policy, document, about));
    else if (kind === 'AlertCondition') conditions.set(name, check(condition, document, about));
    else if (!PASSED_OVER.includes(kind)) {
      throw new OfflineProblem(`document ${index + 1} is of the kind '${kind}', which OpenSLO v1 does not have`);
    }
  }
  if (slos.length === 0) throw new OfflineProblem('there is no document of the kind SLO in it');
  return { slos, slis, policies, conditions };
}

function documentsIn(text: string): unknown[] {
  if (text.length > TEXT_MAX_CHARS) throw new OfflineProblem(`it is longer than ${TEXT_MAX_CHARS} characters`);
  try {
    const documents = loadAll(text, { schema: CORE_SCHEMA.withTags(mergeTag), maxDepth: 50, maxAliases: 1000 });
    return documents.flat().filter((document) => document !== null && document !== undefined);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place = error.mark ? `line ${error.mark.line + 1}, column ${error.mark.column + 1}: ` : '';
    throw new OfflineProblem(`it is not YAML: ${place}${error.reason}`, { cause: error });
  }
}

const headSchema = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: named });

function head(document: unknown, index: number): { kind: string; name: string } {
  const { apiVersion, kind, metadata } = check(headSchema, document, `document ${index + 1}`);
  if (apiVersion !== 'openslo/v1') {
    throw new OfflineProblem(`${kind} '${metadata.name}' has the apiVersion '${apiVersion}': only openslo/v1 is read`);
  }
  return { kind, name: metadata.name };
}

function check<S extends z.ZodType>(schema: S, value: unknown, about: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  throw new OfflineProblem(`${about}${place === '' ? '' : `: ${place}`}: ${issue?.message ?? 'cannot be read'}`);
}
