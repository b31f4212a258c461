/**
 * The fence `words`: plain English in what users read, and short subjects of commits. Run in the root of a tree.
 *
 * `allowed.txt` holds phrases that are right where they stand. `known/ROOM.txt` holds texts that were there before the
 * fence and still have to be rewritten; `--prune` deletes the lines of texts that are gone, `--record ROOM` writes today's.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { longSubjects } from './commits.ts';
import { LABELS, RULES, SENTENCE_STARTS } from './rules.ts';
import { type Text, textsOf } from './texts.ts';

const ROOMS: Readonly<Record<string, readonly string[]>> = {
  cli: ['cli/src/**/*.ts'],
  'control-plane': ['control-plane/src/**/*.ts'],
  sdk: ['sdk/*/src/**/*.ts'],
  services: ['services/*/src/**/*.ts'],
  web: ['web/src/**/*.{ts,tsx}'],
  docs: [
    '*.md',
    'docs/**/*.md',
    '{cli,web,sdk/*,services/*,shipyard-examples/*}/README.md',
    'helm/*/README.md',
    'helm/*/templates/NOTES.txt',
  ],
};

const KNOWN = join('tools', 'words', 'known');
const EXCERPT_MAX = 110;
const VALUES = /\u25a1+/g;

interface Hit {
  readonly place: string;
  readonly word: string;
  readonly instead: string;
  /** The sentence around the word, which identifies the hit also when its file is moved. */
  readonly sentence: string;
}

const { values } = parseArgs({ options: { prune: { type: 'boolean' }, record: { type: 'string' } } });
const root = process.cwd();
const allowed = linesOf(join(import.meta.dirname, 'allowed.txt'));
const messages = longSubjects(root);
for (const [room, globs] of Object.entries(ROOMS)) {
  const hits = hitsOf(root, globs).filter(({ sentence }) => !allowed.some((phrase) => sentence.includes(phrase)));
  const file = join(root, KNOWN, `${room}.txt`);
  const sentences = new Set(hits.map(({ sentence }) => sentence));
  if (values.record === room) save(file, [...sentences]);
  const known = new Set(linesOf(file));
  if (values.prune === true)
    save(
      file,
      [...known].filter((line) => sentences.has(line)),
    );
  for (const { place, word, instead, sentence } of hits) {
    if (!known.has(sentence)) messages.push(`${place}: "${word}": ${instead}. In: ${excerpt(sentence, word)}`);
  }
}
for (const message of messages) console.log(message);
process.exitCode = messages.length === 0 ? 0 : 1;

function hitsOf(tree: string, globs: readonly string[]): Hit[] {
  const paths = globs.flatMap((glob) =>
    globSync(glob, { cwd: tree, exclude: (name) => /(^|\/)(node_modules|test|dist)$/.test(name) }),
  );
  return paths.toSorted().flatMap((path) => textsOf(tree, path).flatMap(hitsIn));
}

function hitsIn(text: Text): Hit[] {
  const label = LABELS.get(text.value.replace(/ ?…$/, ''));
  const hits = label === undefined ? [] : [hit(text, 0, text.value, `"${label}"`)];
  // A text without a blank is a key or a code, which nobody reads as prose.
  if (!/\s/.test(text.value)) return hits;
  const rules = /^(?:#|!\[)/.test(text.value) ? RULES : [...RULES, ...SENTENCE_STARTS];
  for (const { pattern, instead } of rules) {
    for (const match of text.value.matchAll(pattern)) hits.push(hit(text, match.index, match[0], instead));
  }
  return hits;
}

function hit(text: Text, index: number, word: string, instead: string): Hit {
  const line = text.line + (text.value.slice(0, index).match(/\n/g) ?? []).length;
  return { place: `${text.path}:${line}`, word: oneLine(word), instead, sentence: sentenceAt(text.value, index) };
}

function sentenceAt(text: string, index: number): string {
  const begin = Math.max(
    0,
    ...[...text.slice(0, index).matchAll(/[.?!;]\s+/g)].map((end) => end.index + end[0].length),
  );
  const rest = text.slice(begin);
  const end = /[.?!;](?=\s)/.exec(rest.slice(index - begin));
  return oneLine(end === null ? rest : rest.slice(0, index - begin + end.index + 1));
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(VALUES, '\u25a1').replace(/^#+ /, '').trim();
}

function excerpt(sentence: string, word: string): string {
  const from = Math.max(0, sentence.indexOf(word) - EXCERPT_MAX / 2);
  const cut = sentence.slice(from, from + EXCERPT_MAX);
  return `${from > 0 ? '…' : ''}${cut}${from + cut.length < sentence.length ? '…' : ''}`;
}

function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function save(file: string, lines: readonly string[]): void {
  if (lines.length > 0) writeFileSync(file, `${[...lines].toSorted().join('\n')}\n`);
  else rmSync(file, { force: true });
}
