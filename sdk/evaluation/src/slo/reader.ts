import { truthOf } from '../yaml/scalar.ts';
import { isNull, type Locate, type MapTree, type Tree } from '../yaml/tree.ts';
import type { SloProblem } from './types.ts';

/** Shared anchors can unfold a short text into millions of values; nobody writes that many objectives by hand. */
const VISITS_MAX = 200_000;

export const EXCESSIVE_ALIASING = 'document contains excessive aliasing';

/** The reference decoder's names for the types of the fields, which stand in its messages. */
export type GoType =
  | 'keptn.ServiceLevelObjectives'
  | 'keptn.SLOComparison'
  | 'keptn.SLOScore'
  | 'keptn.SLO'
  | 'keptn.SLOCriteria'
  | '[]*keptn.SLO'
  | '[]*keptn.SLOCriteria'
  | '[]string'
  | 'map[string]string'
  | 'string'
  | 'int'
  | 'bool';

const WANTED: Readonly<Record<GoType, string>> = {
  'keptn.ServiceLevelObjectives': 'a map with keys such as objectives and total_score',
  'keptn.SLOComparison': 'a map',
  'keptn.SLOScore': 'a map with the keys pass and warning',
  'keptn.SLO': 'a map with the key sli',
  'keptn.SLOCriteria': 'a map with the key criteria',
  '[]*keptn.SLO': 'a list of objectives',
  '[]*keptn.SLOCriteria': 'a list of {criteria: [...]}',
  '[]string': 'a list of texts',
  'map[string]string': 'a map of texts',
  string: 'a text',
  int: 'a whole number',
  bool: 'true or false',
};

/**
 * Takes typed values out of a tree and collects what does not fit instead of stopping at it. Null is the zero value
 * of every type, as in the reference decoder.
 */
export class Reader {
  readonly problems: SloProblem[] = [];
  readonly #reasons: string[] = [];
  readonly #locate: Locate;
  #visits = 0;

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  get reason(): string {
    return `yaml: unmarshal errors:\n  ${this.#reasons.join('\n  ')}`;
  }

  map(tree: Tree, path: string, type: GoType): MapTree | null {
    if (!this.#visit(tree, path) || isNull(tree)) return null;
    if (tree.kind === 'map') return tree;
    this.wrongType(tree, path, type);
    return null;
  }

  list(tree: Tree, path: string, type: GoType): readonly Tree[] | null {
    if (!this.#visit(tree, path) || isNull(tree)) return null;
    if (tree.kind === 'list') return tree.items;
    this.wrongType(tree, path, type);
    return null;
  }

  /** Any scalar is a text; null leaves the field as it was. */
  text(tree: Tree, path: string): string | null {
    if (!this.#visit(tree, path) || isNull(tree)) return null;
    if (tree.kind === 'scalar') return tree.text;
    this.wrongType(tree, path, 'string');
    return null;
  }

  /** Fractions are cut off, quoted numbers are refused. */
  int(tree: Tree, path: string): number | null {
    if (!this.#visit(tree, path) || isNull(tree)) return null;
    if (tree.kind === 'scalar' && tree.number !== undefined && Math.abs(tree.number) <= Number.MAX_SAFE_INTEGER) {
      return Math.trunc(tree.number) + 0;
    }
    this.wrongType(tree, path, 'int');
    return null;
  }

  bool(tree: Tree, path: string): boolean | null {
    if (!this.#visit(tree, path) || isNull(tree)) return null;
    const truth = tree.kind === 'scalar' ? truthOf(tree) : null;
    if (truth === null) this.wrongType(tree, path, 'bool');
    return truth;
  }

  wrongType(tree: Tree, path: string, type: GoType): void {
    const tag = tree.kind === 'map' ? '!!map' : tree.kind === 'list' ? '!!seq' : tree.tag;
    const value =
      tree.kind === 'scalar' ? ` \`${tree.text.length > 10 ? `${tree.text.slice(0, 7)}...` : tree.text}\`` : '';
    const line = this.#locate(tree.at)?.line;
    this.#reasons.push(`${line === undefined ? '' : `line ${line}: `}cannot unmarshal ${tag}${value} into ${type}`);
    this.problem(tree, path, `${path === '' ? 'the document' : path} must be ${WANTED[type]}, not ${describe(tree)}`);
  }

  problem(tree: { readonly at: number }, path: string, message: string): void {
    this.problems.push({ message, path, place: this.#locate(tree.at) });
    if (this.#reasons.length < this.problems.length) this.#reasons.push(message);
  }

  #visit(tree: Tree, path: string): boolean {
    this.#visits += 1;
    if (this.#visits === VISITS_MAX) this.problem(tree, path, EXCESSIVE_ALIASING);
    return this.#visits < VISITS_MAX;
  }
}

function describe(tree: Tree): string {
  if (tree.kind === 'map') return 'a map';
  if (tree.kind === 'list') return 'a list';
  if (tree.tag === '!!null') return 'null';
  const text = tree.text.length > 40 ? `${tree.text.slice(0, 40)}…` : tree.text;
  return `the ${tree.tag === '!!str' ? 'text' : 'value'} ${JSON.stringify(text)}`;
}
