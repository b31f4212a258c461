import {
  type AliasEvent,
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml';
import type { ProblemList } from '../problem-list.ts';
import { quoted } from '../text.ts';
import { readPlainScalar } from './core-scalar.ts';
import { pointerTo, type YamlEntry, type YamlNode, type YamlScalar } from './node.ts';
import { scalarOffsets } from './scalar-offsets.ts';
import type { Place } from './source-map.ts';

type CollectionEvent = SequenceEvent | MappingEvent;

/** A node with all its aliases written out, so that a short text cannot stand for a long one. */
const NODES_MAX = 50_000;

/** What aliases alone may stand for: no shipyard that a person writes comes near it. */
const ALIASED_NODES_MAX = 10_000;

/** These would mean something to JavaScript, whoever reads the definition later. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Plain JSON has these types and no others. */
const KNOWN_TAGS: ReadonlySet<string> = new Set(['!!str', '!!int', '!!float', '!!bool', '!!null', '!!map', '!!seq']);

/** Builds the tree with places out of the parser's events. */
export class Composer {
  readonly #text: string;
  readonly #problems: ProblemList;
  readonly #anchors = new Map<string, { node: YamlNode; size: number }>();
  #events: Event[] = [];
  #next = 0;
  #nodes = 0;
  #aliased = 0;
  #failed = false;
  /** Where the content of a second document begins. */
  secondDocumentAt: number | undefined;

  constructor(text: string, problems: ProblemList) {
    this.#text = text;
    this.#problems = problems;
  }

  get ok(): boolean {
    return !this.#failed;
  }

  compose(events: Event[]): YamlNode | undefined {
    this.#events = events;
    this.#next = 1;
    const root = this.#node('', { start: 0, end: 0 });
    const second = events.findIndex((event, index) => index > 0 && event.type === EVENT_ID.DOCUMENT);
    if (second !== -1) this.secondDocumentAt = startOf(events[second + 1]) ?? this.#text.length;
    return root;
  }

  /** `before` is where an empty value is shown: the end of its key. */
  #node(pointer: string, before: Place): YamlNode | undefined {
    const event = this.#take();
    if (event === undefined || ++this.#nodes > NODES_MAX) return this.#tooMany(pointer, before);
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event, pointer, before);
      case EVENT_ID.ALIAS:
        return this.#alias(event, pointer);
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        return this.#collection(event, pointer);
      default:
        // An empty document ends at once.
        return { kind: 'scalar', value: null, written: '', at: before };
    }
  }

  #collection(event: CollectionEvent, pointer: string): YamlNode | undefined {
    this.#checkTag(event, pointer);
    const sizeBefore = this.#nodes;
    const node = event.type === EVENT_ID.SEQUENCE ? this.#list(event.start, pointer) : this.#map(event.start, pointer);
    if (node !== undefined) this.#remember(event, node, this.#nodes - sizeBefore);
    return node;
  }

  #list(start: number, pointer: string): YamlNode | undefined {
    const items: YamlNode[] = [];
    const at = { start, end: start };
    while (!this.#atPop()) {
      const item = this.#node(pointerTo(pointer, items.length), at);
      if (item === undefined) return undefined;
      items.push(item);
    }
    this.#take();
    return { kind: 'list', items, at };
  }

  #map(start: number, pointer: string): YamlNode | undefined {
    const entries = new Map<string, YamlEntry>();
    const merged: { value: YamlNode; keyAt: Place }[] = [];
    const at = { start, end: start };
    while (!this.#atPop()) {
      const keyEvent = this.#events[this.#next];
      const keyNode = this.#node(pointer, at);
      if (keyNode === undefined) return undefined;
      const plain = keyEvent?.type === EVENT_ID.SCALAR && keyEvent.style === SCALAR_STYLE.PLAIN;
      const key = keyNode.kind === 'scalar' ? keyNode.written : undefined;
      const value = this.#node(key === undefined ? pointer : pointerTo(pointer, key), {
        start: keyNode.at.end,
        end: keyNode.at.end,
      });
      if (value === undefined) return undefined;
      if (key === undefined || keyNode.kind !== 'scalar') this.#badKey(keyNode, pointer);
      else if (key === '<<' && plain) merged.push({ value, keyAt: keyNode.at });
      else this.#put(entries, { key, keyAt: keyNode.at, value }, pointer);
    }
    this.#take();
    for (const merge of merged) this.#merge(entries, merge, pointer);
    return { kind: 'map', entries: [...entries.values()], at };
  }

  #put(entries: Map<string, YamlEntry>, entry: YamlEntry, pointer: string): void {
    const { key, keyAt } = entry;
    if (FORBIDDEN_KEYS.has(key)) {
      this.#fail('forbidden-key', `${quoted(key)} must not be a key in a definition`, pointerTo(pointer, key), keyAt);
    } else if (entries.has(key)) {
      const first = entries.get(key);
      const line = first === undefined ? 0 : this.#problems.lineOf(first.keyAt.start);
      this.#fail('duplicate-key', `${quoted(key)} is there already, on line ${line}`, pointerTo(pointer, key), keyAt);
    } else {
      entries.set(key, entry);
    }
  }

  /** YAML's merge key, which Keptn reads too: what is written here wins over what is merged. */
  #merge(entries: Map<string, YamlEntry>, merge: { value: YamlNode; keyAt: Place }, pointer: string): void {
    const maps = merge.value.kind === 'list' ? merge.value.items : [merge.value];
    for (const map of maps) {
      if (map.kind !== 'map') {
        this.#fail('yaml-syntax', '"<<" takes a mapping, or a list of them', pointer, merge.keyAt);
        continue;
      }
      for (const entry of map.entries) if (!entries.has(entry.key)) entries.set(entry.key, entry);
    }
  }

  #scalar(event: ScalarEvent, pointer: string, before: Place): YamlNode {
    this.#checkTag(event, pointer);
    const node = this.#readScalar(event, pointer, before);
    this.#remember(event, node, 1);
    return node;
  }

  #readScalar(event: ScalarEvent, pointer: string, before: Place): YamlScalar {
    if (event.valueStart < 0) {
      const isText = event.tagStart >= 0 && this.#text.slice(event.tagStart, event.tagEnd) === '!!str';
      return { kind: 'scalar', value: isText ? '' : null, written: '', at: before };
    }
    const written = getScalarValue(this.#text, event);
    const at =
      quoteOf(event) !== 'other'
        ? { start: event.valueStart - 1, end: event.valueEnd + 1 }
        : { start: this.#contentStart(event), end: event.valueEnd };
    const tagged = event.tagStart >= 0 ? this.#text.slice(event.tagStart, event.tagEnd) : undefined;
    const value = event.style === SCALAR_STYLE.PLAIN && tagged !== '!!str' ? readPlainScalar(written) : written;
    const node: YamlScalar = { kind: 'scalar', value: value ?? null, written, at };
    if (typeof value === 'number' && !isExact(value)) {
      this.#fail('invalid-number', `${quoted(written)} is not a number that JSON can carry exactly`, pointer, at);
    }
    const raw = this.#text.slice(event.valueStart, event.valueEnd);
    const offsetOf = scalarOffsets({ raw, value: written, style: quoteOf(event) });
    if (offsetOf !== undefined) {
      node.placeOf = (start, end) => ({
        start: event.valueStart + offsetOf(start),
        end: event.valueStart + offsetOf(end),
      });
    }
    return node;
  }

  /** A block scalar's range begins with its indentation. */
  #contentStart(event: ScalarEvent): number {
    let start = event.valueStart;
    while (start < event.valueEnd && (this.#text[start] === ' ' || this.#text[start] === '\n')) start++;
    return start === event.valueEnd ? event.valueStart : start;
  }

  #alias(event: AliasEvent, pointer: string): YamlNode | undefined {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    const at = { start: event.anchorStart - 1, end: event.anchorEnd };
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#fail('yaml-alias', `there is no "&${name}" before this`, pointer, at);
      return { kind: 'scalar', value: null, written: '', at };
    }
    this.#nodes += target.size;
    this.#aliased += target.size;
    if (this.#aliased > ALIASED_NODES_MAX) return this.#tooManyAliased(pointer, at);
    return this.#nodes > NODES_MAX ? this.#tooMany(pointer, at) : target.node;
  }

  #remember(event: ScalarEvent | CollectionEvent, node: YamlNode, size: number): void {
    if (event.anchorStart < 0) return;
    this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), { node, size });
  }

  #checkTag(event: ScalarEvent | CollectionEvent, pointer: string): void {
    if (event.tagStart < 0) return;
    const tag = this.#text.slice(event.tagStart, event.tagEnd);
    if (KNOWN_TAGS.has(tag)) return;
    const at = { start: event.tagStart, end: event.tagEnd };
    this.#fail('yaml-tag', `the tag ${quoted(tag)} is not allowed: a shipyard is plain data`, pointer, at);
  }

  #badKey(key: YamlNode, pointer: string): void {
    const isTemplate = this.#text.startsWith('{{', key.at.start - 1) || this.#text.startsWith('{', key.at.start);
    const hint = isTemplate ? ': text with braces needs quotes, and expressions are written "${{ }}"' : '';
    this.#fail('yaml-key', `a key must be plain text${hint}`, pointer, key.at);
  }

  #tooManyAliased(pointer: string, at: Place): undefined {
    const message = `aliases stand for more than ${ALIASED_NODES_MAX} values: write fewer, or smaller ones`;
    if (!this.#failed) this.#fail('yaml-size', message, pointer, at);
    this.#failed = true;
    return undefined;
  }

  #tooMany(pointer: string, at: Place): undefined {
    if (!this.#failed) this.#fail('yaml-size', `more than ${NODES_MAX} values, aliases written out`, pointer, at);
    this.#failed = true;
    return undefined;
  }

  #fail(code: string, message: string, pointer: string, at: Place): void {
    this.#failed = true;
    this.#problems.add({ code, message, pointer, at });
  }

  #take(): Event | undefined {
    return this.#events[this.#next++];
  }

  #atPop(): boolean {
    const event = this.#events[this.#next];
    return event === undefined || event.type === EVENT_ID.POP;
  }
}

function startOf(event: Event | undefined): number | undefined {
  if (event?.type === EVENT_ID.SCALAR) return event.valueStart < 0 ? undefined : event.valueStart;
  if (event?.type === EVENT_ID.SEQUENCE || event?.type === EVENT_ID.MAPPING) return event.start;
  return undefined;
}

function quoteOf(event: ScalarEvent): 'double' | 'single' | 'other' {
  if (event.style === SCALAR_STYLE.DOUBLE_QUOTED) return 'double';
  return event.style === SCALAR_STYLE.SINGLE_QUOTED ? 'single' : 'other';
}

function isExact(value: number): boolean {
  if (Object.is(value, -0)) return false;
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
