import { readCriterion } from '../criteria/parse.ts';
import { treeFromValue } from '../yaml/from-value.ts';
import { treeFromYaml, YamlProblem } from '../yaml/from-yaml.ts';
import { isNull, type Locate, locateIn, type MapTree, type Tree } from '../yaml/tree.ts';
import { type ObjectiveDocument, readDocument, type SloDocument, treeAt } from './document.ts';
import type { SloExtensions } from './extension-types.ts';
import { readFileExtensions, readObjectiveExtensions } from './extensions.ts';
import { nearest } from './nearest.ts';
import { Reader } from './reader.ts';
import type { CriteriaGroup, Objective, ParsedSlo } from './types.ts';
import { aggregateWords, compareWords, includeWords } from './words.ts';

/** Reads slo.yaml. What Keptn tolerates is tolerated; see `lintSlo` for what an author should hear. */
export function parseSlo(text: string): ParsedSlo {
  let tree: Tree | null;
  try {
    tree = treeFromYaml(text);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    return { ok: false, reason: error.reason, problems: [{ message: error.message, path: '', place: error.place }] };
  }
  return sloFromTree(tree, locateIn(text));
}

/** Reads an SLO that came as JSON, such as the properties of a task. */
export function sloFromValue(value: unknown): ParsedSlo {
  return sloFromTree(treeFromValue(value), () => null);
}

export function sloFromTree(tree: Tree | null, locate: Locate): ParsedSlo {
  const reader = new Reader(locate);
  // A document that is null makes Keptn's process crash; one of only comments is an empty SLO.
  if (tree !== null && isNull(tree)) reader.problem(tree, '', 'the document is null: it must be a map with objectives');
  const document = readDocument(tree, reader);
  const root = tree?.kind === 'map' ? tree : null;
  const file = readFileExtensions(root, reader);
  let used = file.used;
  const objectives = document.objectives.map((given): Objective => {
    const own = readObjectiveExtensions(given.tree, given.path, file, reader);
    used ||= own.used;
    return {
      sli: given.sli,
      displayName: given.displayName,
      pass: groups(given, 'pass', file, reader),
      warning: groups(given, 'warning', file, reader),
      weight: given.weight,
      keySli: given.keySli,
      extensions: own.extensions,
    };
  });
  if (file.strict && root !== null) refuseBentWords(document, root, reader);
  if (reader.problems.length > 0) return { ok: false, reason: reader.reason, problems: reader.problems };
  const { filter, comparison, totalScore } = document;
  return { ok: true, slo: { filter: filter ?? [], comparison, objectives, totalScore, extensions: { ...file, used } } };
}

/** Deviation: a null entry crashes Keptn's process, here it is an ordinary parse error. */
function groups(
  given: ObjectiveDocument,
  key: 'pass' | 'warning',
  file: SloExtensions,
  reader: Reader,
): CriteriaGroup[] {
  return given[key].map((texts, index) => {
    if (texts === null) {
      const path = `${given.path}.${key}[${index}]`;
      reader.problem(given.tree, path, `${path} is null: it must be a map with the key criteria`);
    }
    return (texts ?? []).map((text) => readCriterion(text, { extended: file.extendedGrammar }));
  });
}

function refuseBentWords(document: SloDocument, root: MapTree, reader: Reader): void {
  const { comparison } = document;
  const checks: readonly [string, string, readonly string[]][] = [
    ['comparison.compare_with', comparison.compareWith, compareWords],
    ['comparison.include_result_with_score', comparison.includeResultWithScore.toLowerCase(), includeWords],
    ['comparison.aggregate_function', comparison.aggregateFunction, aggregateWords],
  ];
  for (const [path, word, known] of checks) {
    if (known.includes(word)) continue;
    const near = nearest(word, known);
    const hint = near === null ? `use one of ${known.join(', ')}` : `did you mean '${near}'?`;
    reader.problem(treeAt(root, path.split('.')), path, `${path} does not know '${word}' (mode: strict); ${hint}`);
  }
}
