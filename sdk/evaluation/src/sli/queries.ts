import { field } from '../slo/document.ts';
import { treeFromYaml, YamlProblem } from '../yaml/from-yaml.ts';
import { plainOf } from '../yaml/to-value.ts';

/** The `indicators` of an sli.yaml by SLI; a query is a text, whatever it looks like, or an object. Null: it cannot be read. */
export function sliQueries(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const tree = treeFromYaml(text);
    const indicators = tree?.kind === 'map' ? field(tree, 'indicators') : undefined;
    if (indicators?.kind !== 'map') return null;
    return Object.fromEntries(
      indicators.entries.map(({ key, value }) => [key, value.kind === 'scalar' ? value.text : plainOf(value)]),
    );
  } catch (error) {
    if (error instanceof YamlProblem) return null;
    throw error;
  }
}
