import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import { resolvePlain } from './scalar.ts';
import { type ListTree, locateIn, type MapTree, type Place, type Tree, type TreeEntry } from './tree.ts';

/** Deep enough for any SLO, shallow enough that a text of brackets cannot exhaust the stack. */
const DEPTH_MAX = 50;

/** Larger than any SLO file seen by three orders of magnitude. */
const SLO_TEXT_MAX_CHARS = 1_000_000;

/** Aliases let a short text stand for a long one; no SLO that a person writes comes near this. */
const ALIASED_VALUES_MAX = 10_000;

export class YamlProblem extends Error {
  readonly place: Place | null;
  /** The line as the reference decoder words it, `yaml: line 2: ...`. */
  readonly reason: string;

  constructor(message: string, place: Place | null, reason: string) {
    super(message);
    this.name = 'YamlProblem';
    this.place = place;
    this.reason = reason;
  }
}

/**
 * The first document of a YAML text, or null when there is none (empty, or only comments). Later documents are not
 * read, as in Keptn. Throws `YamlProblem` for text that is not YAML.
 */
export function treeFromYaml(text: string): Tree | null {
  if (text.length > SLO_TEXT_MAX_CHARS) {
    throw new YamlProblem(`the text is longer than ${SLO_TEXT_MAX_CHARS} characters`, null, 'yaml: input too long');
  }
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: DEPTH_MAX });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const mark = error.mark;
    const place = mark ? { line: mark.line + 1, column: mark.column + 1 } : null;
    throw new YamlProblem(
      error.reason,
      place,
      `yaml: ${place ? `line ${place.line}: ` : ''}${inLibyamlWords(error.reason)}`,
    );
  }
  return new Composer(text, events).document();
}

/** The only sentence of libyaml that people meet often enough to search for. */
function inLibyamlWords(reason: string): string {
  return reason.startsWith('tab characters') ? 'found character that cannot start any token' : reason;
}

class Composer {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #anchors = new Map<string, Tree>();
  readonly #open = new Set<string>();
  /** How many values each map and list holds, itself included and its aliases written out. */
  readonly #sizes = new WeakMap<Tree, number>();
  #aliased = 0;
  #next = 0;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
  }

  document(): Tree | null {
    const first = this.#events[0];
    if (first === undefined) return null;
    this.#next = 1;
    return this.#node();
  }

  #node(): Tree {
    const event = this.#events[this.#next];
    this.#next += 1;
    if (event === undefined) throw this.#problem('the text ends in the middle of a value', this.#text.length);
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#remember(event, this.#scalar(event));
      case EVENT_ID.SEQUENCE:
        return this.#within(event, () => this.#list(event.start));
      case EVENT_ID.MAPPING:
        return this.#within(event, () => this.#map(event.start));
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart, event.anchorEnd);
      default:
        return { kind: 'scalar', at: this.#text.length, text: '', tag: '!!null', quoted: false };
    }
  }

  #scalar(event: ScalarEvent): Tree {
    const text = getScalarValue(this.#text, event);
    const quoted = event.style !== SCALAR_STYLE.PLAIN;
    const at = this.#positionOf(event);
    const tag = event.tagStart < 0 ? '' : this.#text.slice(event.tagStart, event.tagEnd);
    // A tag that the decoder does not know leaves the text as text.
    if (quoted || tag !== '') return { kind: 'scalar', at, text, tag: '!!str', quoted: true };
    return { kind: 'scalar', at, text, quoted, ...resolvePlain(text) };
  }

  /** An absent value has no place of its own; the event before it ends where it would stand. */
  #positionOf(event: ScalarEvent): number {
    if (event.valueStart < 0) return this.#lastPosition;
    // Quoted and block scalars start one character after their mark.
    const at = event.style === SCALAR_STYLE.PLAIN ? event.valueStart : Math.max(0, event.valueStart - 1);
    this.#lastPosition = event.valueEnd;
    return at;
  }

  #lastPosition = 0;

  #list(at: number): ListTree {
    const items: Tree[] = [];
    while (this.#events[this.#next]?.type !== EVENT_ID.POP) items.push(this.#node());
    this.#next += 1;
    return this.#sized({ kind: 'list', at, items }, items);
  }

  #map(at: number): MapTree {
    const entries: TreeEntry[] = [];
    const merges: Tree[] = [];
    const seen = new Map<string, number>();
    while (this.#events[this.#next]?.type !== EVENT_ID.POP) {
      const key = this.#node();
      const value = this.#node();
      // A key that is itself a map or a list names no field and is passed over, as any unknown key is.
      if (key.kind !== 'scalar') continue;
      const before = seen.get(key.text);
      if (before !== undefined) throw this.#duplicate(key.text, key.at, before);
      seen.set(key.text, key.at);
      if (key.text === '<<' && !key.quoted) merges.push(value);
      else entries.push({ key: key.text, keyAt: key.at, value });
    }
    this.#next += 1;
    const all = merges.length === 0 ? entries : this.#merge(entries, merges);
    return this.#sized(
      { kind: 'map', at, entries: all },
      all.map((entry) => entry.value),
    );
  }

  #sized<T extends Tree>(tree: T, parts: readonly Tree[]): T {
    let size = 1;
    for (const part of parts) size += this.#sizeOf(part);
    this.#sizes.set(tree, size);
    return tree;
  }

  #sizeOf = (tree: Tree): number => this.#sizes.get(tree) ?? 1;

  #merge(own: TreeEntry[], merges: readonly Tree[]): TreeEntry[] {
    const present = new Set(own.map((entry) => entry.key));
    const merged = [...own];
    for (const merge of merges.flatMap((tree) => (tree.kind === 'list' ? tree.items : [tree]))) {
      if (merge.kind !== 'map') {
        throw this.#problem('map merge requires map or sequence of maps as the value', merge.at);
      }
      for (const entry of merge.entries) {
        if (present.has(entry.key)) continue;
        present.add(entry.key);
        merged.push(entry);
      }
    }
    return merged;
  }

  #alias(start: number, end: number): Tree {
    const name = this.#text.slice(start, end);
    if (this.#open.has(name)) throw this.#problem(`anchor '${name}' value contains itself`, start);
    const tree = this.#anchors.get(name);
    if (tree === undefined) throw this.#problem(`unknown anchor '${name}' referenced`, start);
    this.#aliased += this.#sizeOf(tree);
    if (this.#aliased > ALIASED_VALUES_MAX) {
      const message = `aliases stand for more than ${ALIASED_VALUES_MAX} values: write fewer, or smaller ones`;
      throw this.#problem(message, start);
    }
    return tree;
  }

  #within(event: { anchorStart: number; anchorEnd: number }, build: () => Tree): Tree {
    if (event.anchorStart < 0) return build();
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    this.#open.add(name);
    const tree = build();
    this.#open.delete(name);
    return this.#remember(event, tree);
  }

  #remember(event: { anchorStart: number; anchorEnd: number }, tree: Tree): Tree {
    if (event.anchorStart >= 0) this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), tree);
    return tree;
  }

  #duplicate(key: string, at: number, before: number): YamlProblem {
    const locate = locateIn(this.#text);
    const place = locate(at);
    const first = locate(before);
    const said = `mapping key ${JSON.stringify(key)} already defined at line ${first?.line ?? 0}`;
    return new YamlProblem(said, place, `yaml: unmarshal errors:\n  line ${place?.line ?? 0}: ${said}`);
  }

  #problem(message: string, at: number): YamlProblem {
    return new YamlProblem(message, locateIn(this.#text)(at), `yaml: ${message}`);
  }
}
