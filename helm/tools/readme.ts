/**
 * Writes the table of values in the chart's README from the comments of values.yaml. `--check` writes nothing and fails when the
 * file is not what it would write.
 *
 * A comment directly above a key describes it; `# -- Title` alone begins a section. A key without a comment is part of the
 * default of the key above it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { ROOT } from '../../tools/root.ts';

interface Row {
  readonly path: string;
  readonly text: string;
}

const CHART = join(ROOT, 'helm', 'slipway');
const README = join(CHART, 'README.md');
const BEGIN = '<!-- values: made from values.yaml by `node helm/tools/readme.ts` -->';
const END = '<!-- /values -->';

const text = readFileSync(join(CHART, 'values.yaml'), 'utf8');
const readme = readFileSync(README, 'utf8');
const [before, rest] = readme.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`${README} lacks its two marks: ${BEGIN} and ${END}`);
const wanted = `${before}${BEGIN}\n${tables(text)}${END}${after}`;

if (!process.argv.includes('--check')) {
  writeFileSync(README, wanted);
} else if (wanted !== readme) {
  console.error('helm/slipway/README.md is not what values.yaml says: run npm run test:chart -- --quick --update');
  process.exitCode = 1;
}

function tables(yaml: string): string {
  const values: unknown = load(yaml);
  let out = '';
  for (const { title, rows } of readSections(yaml)) {
    out += `\n### ${title}\n\n| value | default | |\n|---|---|---|\n`;
    for (const { path, text: description } of rows) {
      const isDescribedByParts = rows.some((row) => row.path.startsWith(`${path}.`));
      const shown = isDescribedByParts ? '' : `\`${JSON.stringify(valueAt(values, path)).replaceAll('|', '\\|')}\``;
      out += `| \`${path}\` | ${shown} | ${description.replaceAll('|', '\\|')} |\n`;
    }
  }
  return `${out}\n`;
}

function readSections(yaml: string): { title: string; rows: Row[] }[] {
  const sections: { title: string; rows: Row[] }[] = [];
  let comment: string[] = [];
  let path: { indent: number; key: string }[] = [];
  for (const line of yaml.split('\n')) {
    const title = /^# -- (.+)$/.exec(line)?.[1];
    const note = /^\s*# (.+)$/.exec(line)?.[1];
    const [, spaces, key] = /^( *)([A-Za-z][\w]*):/.exec(line) ?? [];
    if (title !== undefined) {
      sections.push({ title, rows: [] });
    } else if (note !== undefined) {
      comment.push(note);
    } else if (key === undefined || spaces === undefined) {
      comment = [];
    } else {
      path = [...path.filter(({ indent }) => indent < spaces.length), { indent: spaces.length, key }];
      const row = { path: path.map((part) => part.key).join('.'), text: comment.join(' ') };
      if (comment.length > 0 || spaces === '') sections.at(-1)?.rows.push(row);
      comment = [];
    }
  }
  return sections;
}

function valueAt(values: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), values);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
