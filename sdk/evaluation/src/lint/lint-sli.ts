import { sliQuerySchema } from '../sli/query-schema.ts';
import { field, treeAt } from '../slo/document.ts';
import { nearest } from '../slo/nearest.ts';
import { parseDuration } from '../time/duration.ts';
import { plainOf } from '../yaml/to-value.ts';
import type { MapTree, Tree, TreeEntry } from '../yaml/tree.ts';
import { lintYaml } from './lint-yaml.ts';
import type { LintProblem, Report } from './types.ts';

/** Placeholders that every provider fills in; `$LABEL.x` and the keys of `filter` come on top. */
const PLACEHOLDERS = ['PROJECT', 'STAGE', 'SERVICE', 'DEPLOYMENT', 'DURATION_SECONDS', 'START', 'END', 'WINDOW'];

/** The names that slo.yaml asks for. */
interface Asked {
  readonly slis: readonly string[];
  readonly filters: readonly string[];
}

/** What an author of sli.yaml should hear. With the names that slo.yaml asks for, also which have no query. */
export function lintSli(text: string, asked: Asked | null = null): LintProblem[] {
  return lintYaml(text, ({ tree, report }) => lintIndicators(tree, asked, report));
}

function lintIndicators(tree: Tree | null, asked: Asked | null, report: Report): void {
  const root = tree?.kind === 'map' ? tree : null;
  for (const { key, keyAt } of root?.entries ?? []) {
    if (['spec_version', 'indicators'].includes(key)) continue;
    const near = nearest(key, ['spec_version', 'indicators']);
    report(
      'warning',
      'unknown-key',
      { at: keyAt },
      key,
      `'${key}' is ignored${near === null ? '' : `; did you mean '${near}'?`}`,
    );
  }
  const indicators = field(root, 'indicators');
  if (indicators?.kind !== 'map') {
    report(
      'error',
      'no-indicators',
      indicators ?? { at: 0 },
      'indicators',
      'indicators must be a map from SLI names to queries',
    );
    return;
  }
  for (const entry of indicators.entries) lintIndicator(entry, asked?.filters ?? null, report);
  for (const sli of asked?.slis ?? []) {
    if (field(indicators, sli) !== undefined) continue;
    const near = nearest(
      sli,
      indicators.entries.map((entry) => entry.key),
    );
    const hint = near === null ? '' : `; did you mean '${near}'?`;
    report(
      'warning',
      'no-query',
      indicators,
      `indicators.${sli}`,
      `slo.yaml asks for '${sli}', which has no query here${hint}`,
    );
  }
}

function lintIndicator({ key, keyAt, value }: TreeEntry, filters: readonly string[] | null, report: Report): void {
  const path = `indicators.${key}`;
  if (value.kind === 'list' || (value.kind === 'scalar' && value.text.trim() === '')) {
    report('error', 'empty-query', { at: keyAt }, path, `the query of '${key}' must be a text`);
    return;
  }
  if (value.kind === 'map') lintQuery(value, path, report);
  lintPlaceholders(value, path, filters, report);
}

/** A query that says more than a text. One that cannot be read errs every evaluation that reads the file. */
function lintQuery(query: MapTree, path: string, report: Report): void {
  const parsed = sliQuerySchema.safeParse(plainOf(query));
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) unknownKey(query, key, path, report);
    } else {
      const where = issue.path.filter((step) => typeof step !== 'symbol');
      report(
        'error',
        'query',
        treeAt(query, where),
        [path, ...where].join('.'),
        `${where.join('.')}: ${issue.message}`,
      );
    }
  }
  const step = field(query, 'step');
  if (step?.kind === 'scalar' && (parseDuration(step.text) ?? 0) <= 0)
    report('error', 'query', step, `${path}.step`, `step '${step.text}' is not a duration such as 30s`);
  if (!['source', 'query', 'url', 'metricSelector'].some((key) => field(query, key) !== undefined))
    report('error', 'query', query, path, 'it asks nothing: write a query, or a url');
}

function unknownKey(query: MapTree, key: string, path: string, report: Report): void {
  const known = Object.keys(sliQuerySchema.shape);
  const near = nearest(key, known);
  const hint = near === null ? `it may have ${known.join(', ')}` : `did you mean '${near}'?`;
  const at = query.entries.find((entry) => entry.key === key)?.keyAt ?? query.at;
  report('error', 'query', { at }, `${path}.${key}`, `'${key}' is not a key of a query; ${hint}`);
}

/** In texts as deep as they stand; a JSONPath begins with a $ of its own. */
function lintPlaceholders(tree: Tree, path: string, filters: readonly string[] | null, report: Report): void {
  if (tree.kind === 'map') {
    for (const { key, value } of tree.entries) if (key !== 'path') lintPlaceholders(value, path, filters, report);
  }
  if (tree.kind === 'list') for (const item of tree.items) lintPlaceholders(item, path, filters, report);
  if (tree.kind !== 'scalar') return;
  const known = [...PLACEHOLDERS, ...(filters ?? []), ...(filters ?? []).map((name) => name.toUpperCase())];
  for (const match of tree.text.matchAll(/\$(?!LABEL\.)\{?([A-Za-z_][A-Za-z0-9_]*)/g)) {
    const name = match[1] ?? '';
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === null ? '' : `; did you mean $${near}?`;
    // Without slo.yaml nobody knows its filter.
    if (filters === null) {
      const message = `$${name} is only filled in when the filter of slo.yaml has it${hint}`;
      report(near === null ? 'info' : 'warning', 'unknown-placeholder', tree, path, message);
    } else {
      const message = `$${name} is not a placeholder and goes to the provider as it is${hint}`;
      report('warning', 'unknown-placeholder', tree, path, message);
    }
  }
}
