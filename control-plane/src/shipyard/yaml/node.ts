import { quoted } from '../text.ts';
import type { Place } from './source-map.ts';

/** A YAML document with the place of every key and value. An alias is the very node that it names. */
export type YamlNode = YamlScalar | YamlList | YamlMap;

export type YamlScalar = {
  kind: 'scalar';
  /** As YAML 1.2's core schema reads it: `yes`, `no` and `on` are text. */
  value: null | boolean | number | string;
  /** As it stands in the text, without quotes: `007` for what the schema reads as 7. */
  written: string;
  at: Place;
  /** The place of a stretch of the value in the text; undefined when folding changed it. */
  placeOf?: (start: number, end: number) => Place;
};
export type YamlList = { kind: 'list'; items: YamlNode[]; at: Place };
export type YamlMap = { kind: 'map'; entries: YamlEntry[]; at: Place };
export type YamlEntry = { key: string; keyAt: Place; value: YamlNode };

/** What a node is, in words for a message. */
function describeNode(node: YamlNode): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  if (node.value === null) return 'nothing';
  return typeof node.value === 'string' ? 'text' : typeof node.value === 'number' ? 'a number' : 'true or false';
}

/** The same with what stands there: `"2"` in quotes is text, and 2 a number. */
export function showNode(node: YamlNode): string {
  if (node.kind !== 'scalar' || node.value === null) return describeNode(node);
  return typeof node.value === 'string' ? `the text ${quoted(node.written)}` : quoted(node.written).slice(1, -1);
}

/** The node as plain JSON. */
export function toJson(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toJson);
  return Object.fromEntries(node.entries.map((entry) => [entry.key, toJson(entry.value)]));
}

/** One step down in a JSON pointer. */
export function pointerTo(parent: string, key: string | number): string {
  return `${parent}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
