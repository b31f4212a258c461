import type { z } from 'zod';
import type { MapTree, Tree } from '../yaml/tree.ts';
import { field, treeAt } from './document.ts';
import { comparisonExtensions, fileExtensions, objectiveExtensions } from './extension-schema.ts';
import {
  KEPTN_POLICY,
  type MissingPolicy,
  NO_OBJECTIVE_EXTENSIONS,
  NO_SLO_EXTENSIONS,
  type ObjectiveExtensions,
  type SloExtensions,
} from './extension-types.ts';
import { nearest } from './nearest.ts';
import type { Reader } from './reader.ts';

/** Reads our keys of the file. A key of ours with a value that means nothing is a parse error, never ignored. */
export function readFileExtensions(root: MapTree | null, reader: Reader): SloExtensions {
  if (root === null) return NO_SLO_EXTENSIONS;
  const given = check(fileExtensions, root, '', reader);
  const comparison = field(root, 'comparison');
  const chosen = comparison?.kind === 'map' ? check(comparisonExtensions, comparison, 'comparison', reader) : null;
  return {
    strict: given?.mode === 'strict',
    extendedGrammar: given?.grammar === 'extended',
    policy: policyOf(given?.defaults ?? {}, KEPTN_POLICY),
    maxMissingShare: given?.max_missing ?? null,
    baseline: chosen?.baseline ?? null,
    groups: new Map(Object.entries(given?.groups ?? {})),
    lateData: given?.late_data ?? null,
    used: usesAny(root, fileExtensions) || usesAny(comparison, comparisonExtensions),
  };
}

export function readObjectiveExtensions(
  objective: MapTree,
  path: string,
  file: SloExtensions,
  reader: Reader,
): { extensions: ObjectiveExtensions; used: boolean } {
  const used = usesAny(objective, objectiveExtensions);
  if (!used) return { extensions: { ...NO_OBJECTIVE_EXTENSIONS, policy: file.policy }, used };
  const given = check(objectiveExtensions, objective, path, reader);
  if (given === null) return { extensions: NO_OBJECTIVE_EXTENSIONS, used };
  const extensions: ObjectiveExtensions = {
    policy: policyOf(given, file.policy),
    group: given.group ?? null,
    muted: given.muted ?? false,
    compare: given.compare ?? null,
    budget: given.budget ?? null,
    trend: given.trend ?? null,
    adaptive: given.adaptive ?? null,
    repeat: given.repeat ?? null,
    control: given.control ?? null,
  };
  return { extensions, used };
}

interface GivenPolicy {
  readonly on_missing?: MissingPolicy['onMissing'] | undefined;
  readonly on_error?: MissingPolicy['onError'] | undefined;
  readonly on_no_baseline?: MissingPolicy['onNoBaseline'] | undefined;
  readonly min_baseline?: number | undefined;
}

const policyOf = (given: GivenPolicy, fallback: MissingPolicy): MissingPolicy => ({
  onMissing: given.on_missing ?? fallback.onMissing,
  onError: given.on_error ?? fallback.onError,
  onNoBaseline: given.on_no_baseline ?? fallback.onNoBaseline,
  minBaseline: given.min_baseline ?? fallback.minBaseline,
});

function usesAny(tree: Tree | undefined, schema: z.ZodObject): boolean {
  return tree?.kind === 'map' && tree.entries.some((entry) => Object.hasOwn(schema.shape, entry.key));
}

function check<S extends z.ZodObject>(schema: S, map: MapTree, path: string, reader: Reader): z.output<S> | null {
  const ours = map.entries.filter((entry) => Object.hasOwn(schema.shape, entry.key));
  const parsed = schema.safeParse(Object.fromEntries(ours.map(({ key, value }) => [key, plain(value)])));
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const where = issue.path.filter((step) => typeof step !== 'symbol');
    const tree = treeAt(map, where);
    const at = [path, ...where].filter((step) => step !== '').join('.');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reader.problem(tree, at, unknownKey(key, at, schema, where));
    } else {
      reader.problem(tree, at, `${at}: ${issue.message}`);
    }
  }
  return null;
}

function unknownKey(key: string, at: string, schema: z.ZodObject, where: readonly (string | number)[]): string {
  const known = keysAt(schema, where);
  const near = nearest(key, known);
  return `${at} has no key '${key}'${near === null ? `; it knows ${known.join(', ')}` : `; did you mean '${near}'?`}`;
}

/** The keys of the object schema at a path, looking through optional, defaults and transforms. */
function keysAt(schema: z.ZodType, where: readonly (string | number)[]): string[] {
  const json = JSON.parse(JSON.stringify(schema.toJSONSchema({ io: 'input', unrepresentable: 'any' })));
  let at: unknown = json;
  for (const step of where) {
    if (!isRecord(at)) return [];
    const { properties, items, additionalProperties } = at;
    at =
      typeof step === 'number'
        ? items
        : isRecord(properties) && step in properties
          ? properties[step]
          : additionalProperties;
  }
  return isRecord(at) && isRecord(at.properties) ? Object.keys(at.properties) : [];
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** A tree as plain data for a schema. */
function plain(tree: Tree): unknown {
  if (tree.kind === 'list') return tree.items.map(plain);
  if (tree.kind === 'map') return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
  if (tree.tag === '!!null') return undefined;
  if (tree.tag === '!!bool') return /^t/i.test(tree.text);
  return tree.number ?? tree.text;
}
