import { isNull, type MapTree, type Tree } from '../yaml/tree.ts';
import type { Reader } from './reader.ts';
import type { Comparison, Filter, TotalScore } from './types.ts';

/** Keptn's fields of slo.yaml as its decoder leaves them: defaults applied, criteria still texts, nulls still there. */
export interface SloDocument {
  readonly specVersion: string;
  readonly filter: readonly Filter[] | null;
  readonly comparison: Comparison;
  readonly objectives: readonly ObjectiveDocument[];
  readonly totalScore: TotalScore | null;
}

export interface ObjectiveDocument {
  readonly tree: MapTree;
  readonly path: string;
  readonly sli: string;
  readonly displayName: string;
  /** A null group is legal YAML and crashes Keptn: `parseSlo` refuses it. */
  readonly pass: readonly (readonly string[] | null)[];
  readonly warning: readonly (readonly string[] | null)[];
  readonly weight: number;
  readonly keySli: boolean;
}

/** Applies when there is no `comparison` at all. */
const COMPARISON_ABSENT: Comparison = {
  compareWith: 'single_result',
  includeResultWithScore: 'all',
  numberOfComparisonResults: 1,
  aggregateFunction: 'avg',
};

/** What Keptn fills in when `comparison` is there and the number is missing or 0. */
const NUMBER_DEFAULT = 3;

export function readDocument(tree: Tree | null, reader: Reader): SloDocument {
  const root = tree === null ? null : reader.map(tree, '', 'keptn.ServiceLevelObjectives');
  const comparison = field(root, 'comparison');
  return {
    specVersion: textOf(reader, root, 'spec_version', 'spec_version'),
    filter: filterOf(reader, field(root, 'filter')),
    comparison: comparisonOf(reader, comparison),
    objectives: objectivesOf(reader, field(root, 'objectives')),
    totalScore: totalScoreOf(reader, field(root, 'total_score')),
  };
}

export function field(map: MapTree | null, key: string): Tree | undefined {
  return map?.entries.find((entry) => entry.key === key)?.value;
}

/** The tree at a path, or the nearest one above it that is there. */
export function treeAt(map: MapTree, path: readonly (string | number)[]): Tree {
  let tree: Tree = map;
  for (const step of path) {
    const next: Tree | undefined =
      tree.kind === 'map' ? field(tree, String(step)) : tree.kind === 'list' ? tree.items[Number(step)] : undefined;
    if (next === undefined) return tree;
    tree = next;
  }
  return tree;
}

function textOf(reader: Reader, map: MapTree | null, key: string, path: string): string {
  const tree = field(map, key);
  return tree === undefined ? '' : (reader.text(tree, path) ?? '');
}

function filterOf(reader: Reader, tree: Tree | undefined): Filter[] | null {
  const map = tree === undefined ? null : reader.map(tree, 'filter', 'map[string]string');
  if (map === null) return null;
  return map.entries.map(({ key, value }) => ({ key, value: reader.text(value, `filter.${key}`) ?? '' }));
}

function comparisonOf(reader: Reader, tree: Tree | undefined): Comparison {
  const map = tree === undefined ? null : reader.map(tree, 'comparison', 'keptn.SLOComparison');
  if (map === null) return COMPARISON_ABSENT;
  const count = field(map, 'number_of_comparison_results');
  const number = count === undefined ? null : reader.int(count, 'comparison.number_of_comparison_results');
  return {
    compareWith: textOf(reader, map, 'compare_with', 'comparison.compare_with'),
    includeResultWithScore:
      textOf(reader, map, 'include_result_with_score', 'comparison.include_result_with_score') || 'all',
    numberOfComparisonResults: number || NUMBER_DEFAULT,
    aggregateFunction: textOf(reader, map, 'aggregate_function', 'comparison.aggregate_function') || 'avg',
  };
}

function objectivesOf(reader: Reader, tree: Tree | undefined): ObjectiveDocument[] {
  const items = tree === undefined ? null : reader.list(tree, 'objectives', '[]*keptn.SLO');
  return (items ?? []).flatMap((item, index) => {
    const path = `objectives[${index}]`;
    const map = reader.map(item, path, 'keptn.SLO');
    return map === null ? [] : [objectiveOf(reader, map, path)];
  });
}

function objectiveOf(reader: Reader, map: MapTree, path: string): ObjectiveDocument {
  const weight = field(map, 'weight');
  const keySli = field(map, 'key_sli');
  return {
    tree: map,
    path,
    sli: textOf(reader, map, 'sli', `${path}.sli`),
    displayName: textOf(reader, map, 'displayName', `${path}.displayName`),
    pass: groupsOf(reader, field(map, 'pass'), `${path}.pass`),
    warning: groupsOf(reader, field(map, 'warning'), `${path}.warning`),
    weight: (weight === undefined ? null : reader.int(weight, `${path}.weight`)) || 1,
    keySli: keySli === undefined ? false : (reader.bool(keySli, `${path}.key_sli`) ?? false),
  };
}

function groupsOf(reader: Reader, tree: Tree | undefined, path: string): (readonly string[] | null)[] {
  const items = tree === undefined ? null : reader.list(tree, path, '[]*keptn.SLOCriteria');
  return (items ?? []).map((item, index) => {
    if (isNull(item)) return null;
    const group = reader.map(item, `${path}[${index}]`, 'keptn.SLOCriteria');
    const criteria = field(group, 'criteria');
    const texts = criteria === undefined ? null : reader.list(criteria, `${path}[${index}].criteria`, '[]string');
    return (texts ?? []).flatMap((text, i) => reader.text(text, `${path}[${index}].criteria[${i}]`) ?? []);
  });
}

function totalScoreOf(reader: Reader, tree: Tree | undefined): TotalScore | null {
  const map = tree === undefined ? null : reader.map(tree, 'total_score', 'keptn.SLOScore');
  if (map === null) return null;
  return {
    pass: textOf(reader, map, 'pass', 'total_score.pass'),
    warning: textOf(reader, map, 'warning', 'total_score.warning'),
  };
}
