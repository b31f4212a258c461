import { field, type ObjectiveDocument, type SloDocument } from '../slo/document.ts';
import { isNull, type ListTree, type MapTree, type Tree } from '../yaml/tree.ts';
import { lintCriterion, neverReached } from './criteria.ts';
import type { Report } from './types.ts';

/** What single objectives and their list get wrong. */
export function lintObjectives(root: MapTree | null, document: SloDocument, extended: boolean, report: Report): void {
  const list: Tree | { readonly at: number } = field(root, 'objectives') ?? root ?? { at: 0 };
  const { objectives } = document;
  if (objectives.length === 0) {
    report(
      'error',
      'no-objectives',
      list,
      'objectives',
      'there is no objective, so every evaluation fails: add one with an sli and pass criteria',
    );
  } else if (objectives.every((objective) => objective.pass.length === 0 && !hasOwnChecks(objective))) {
    report(
      'warning',
      'only-informational',
      list,
      'objectives',
      'no objective has pass criteria, so every evaluation passes with 100',
    );
  }
  if ('kind' in list && list.kind === 'list') nullEntries(list, report);
  const seen = new Map<string, number>();
  for (const [index, objective] of objectives.entries()) {
    lintName(objective, seen, index, report);
    lintWeight(objective, report);
    lintRole(objective, report);
    lintGroups(objective, 'pass', extended, report);
    lintGroups(objective, 'warning', extended, report);
    const unreachable = neverReached(objective);
    if (unreachable !== null) {
      const tree = field(objective.tree, 'warning') ?? objective.tree;
      report('warning', 'warning-unreachable', tree, `${objective.path}.warning`, unreachable);
    }
  }
  lintReferences(root, objectives, report);
}

const hasOwnChecks = ({ tree }: ObjectiveDocument): boolean =>
  ['compare', 'budget', 'trend', 'adaptive'].some((key) => field(tree, key) !== undefined);

function nullEntries(list: ListTree, report: Report): void {
  for (const [index, item] of list.items.entries()) {
    if (isNull(item)) {
      report('warning', 'null-objective', item, `objectives[${index}]`, 'this objective is null and is dropped');
    }
  }
}

function lintName(objective: ObjectiveDocument, seen: Map<string, number>, index: number, report: Report): void {
  const { sli, path, tree } = objective;
  const at = field(tree, 'sli') ?? tree;
  if (sli === '') {
    report('error', 'no-sli', at, `${path}.sli`, 'the objective names no sli, so no value can ever belong to it');
    return;
  }
  const before = seen.get(sli);
  if (before !== undefined) {
    const message = `'${sli}' already stands in objectives[${before}]: a provider that sends one value leaves this one with 'no value received from SLI provider'`;
    report('warning', 'duplicate-sli', at, `${path}.sli`, message);
  }
  seen.set(sli, before ?? index);
}

function lintWeight({ tree, path, weight }: ObjectiveDocument, report: Report): void {
  const given = field(tree, 'weight');
  if (given?.kind !== 'scalar' || given.number === undefined) return;
  if (given.number === 0 || (given.number > -1 && given.number < 1)) {
    report(
      'warning',
      'weight',
      given,
      `${path}.weight`,
      `a weight of ${given.text} counts as 1; leave the pass criteria out to take an objective out of the score`,
    );
  } else if (!Number.isInteger(given.number)) {
    report('warning', 'weight', given, `${path}.weight`, `a weight of ${given.text} is cut to ${weight}`);
  } else if (weight < 0) {
    report(
      'warning',
      'weight',
      given,
      `${path}.weight`,
      'a negative weight turns the score around and can lift it over 100',
    );
  }
}

function lintRole(objective: ObjectiveDocument, report: Report): void {
  const { tree, path, pass, warning, keySli, displayName } = objective;
  const informs = pass.length === 0 && !hasOwnChecks(objective);
  if (informs && warning.length > 0) {
    const at = field(tree, 'warning') ?? tree;
    report(
      'warning',
      'warning-without-pass',
      at,
      `${path}.warning`,
      'warning criteria without pass criteria change nothing: the objective only informs',
    );
  }
  if (informs && keySli) {
    report(
      'warning',
      'key-without-pass',
      field(tree, 'key_sli') ?? tree,
      `${path}.key_sli`,
      'key_sli has no effect on an objective without pass criteria',
    );
  }
  if (keySli && displayName === '') {
    const message = "without displayName a failed key objective is reported as ''";
    report('info', 'key-without-name', field(tree, 'key_sli') ?? tree, `${path}.displayName`, message);
  }
}

function lintGroups(objective: ObjectiveDocument, key: 'pass' | 'warning', extended: boolean, report: Report): void {
  const groups = field(objective.tree, key);
  for (const [g, texts] of objective[key].entries()) {
    const group = groups?.kind === 'list' ? groups.items[g] : undefined;
    const criteria = group?.kind === 'map' ? field(group, 'criteria') : undefined;
    const path = `${objective.path}.${key}[${g}]`;
    // A text in the place of the list is an error of its own.
    if (texts?.length === 0 && (criteria?.kind !== 'scalar' || isNull(criteria))) {
      const effect =
        key === 'pass'
          ? 'it always holds, and when no other criterion is there the objective passes but adds nothing to the score'
          : 'it always holds, so the objective can never fail';
      report(
        'warning',
        'empty-criteria',
        criteria ?? group ?? objective.tree,
        path,
        `a group without criteria: ${effect}`,
      );
    }
    for (const [c, text] of (texts ?? []).entries()) {
      const at = (criteria?.kind === 'list' ? criteria.items[c] : undefined) ?? objective.tree;
      lintCriterion(text, { role: key, extended }, (severity, code, message) => {
        report(severity, code, at, `${path}.criteria[${c}]`, message);
      });
    }
  }
}

/** Names that our keys refer to must exist. */
function lintReferences(root: MapTree | null, objectives: readonly ObjectiveDocument[], report: Report): void {
  const groups = field(root, 'groups');
  const declared = groups?.kind === 'map' ? groups.entries.map((entry) => entry.key) : [];
  for (const { tree, path } of objectives) {
    const group = field(tree, 'group');
    if (group?.kind === 'scalar' && !declared.includes(group.text)) {
      report(
        'warning',
        'unknown-group',
        group,
        `${path}.group`,
        `groups has no '${group.text}', so the objective weighs for itself`,
      );
    }
  }
}
