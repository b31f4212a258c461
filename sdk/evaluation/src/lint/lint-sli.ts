import { field } from '../slo/document.ts';
import { nearest } from '../slo/nearest.ts';
import type { Tree, TreeEntry } from '../yaml/tree.ts';
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
  for (const entry of indicators.entries) lintIndicator(entry, asked?.filters ?? [], report);
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

function lintIndicator({ key, keyAt, value }: TreeEntry, filters: readonly string[], report: Report): void {
  const path = `indicators.${key}`;
  if (value.kind === 'map') return;
  if (value.kind === 'list' || value.text.trim() === '') {
    report('error', 'empty-query', { at: keyAt }, path, `the query of '${key}' must be a text`);
    return;
  }
  const known = [...PLACEHOLDERS, ...filters, ...filters.map((name) => name.toUpperCase())];
  for (const match of value.text.matchAll(/\$(?!LABEL\.)\{?([A-Za-z_][A-Za-z0-9_]*)/g)) {
    const name = match[1] ?? '';
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === null ? '' : `; did you mean $${near}?`;
    report(
      'warning',
      'unknown-placeholder',
      value,
      path,
      `$${name} is no placeholder and goes to the provider as it is${hint}`,
    );
  }
}
