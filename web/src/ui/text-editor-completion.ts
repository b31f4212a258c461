import type { Completion, CompletionContext, CompletionSource } from '@codemirror/autocomplete';
import type { Text } from '@codemirror/state';

/** What of JSON Schema says which keys and values may stand where. */
export type Schema = {
  description?: string;
  type?: string;
  enum?: readonly unknown[];
  const?: unknown;
  anyOf?: readonly Schema[];
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: boolean | Schema;
};

const ITEM = Symbol('an item of a list');
type Step = string | typeof ITEM;

/** A key or a dash, where it stands in its line. */
type Mark = { column: number; step: Step };
type Place = { path: readonly Step[]; siblings: ReadonlySet<string> };

/**
 * Completes the keys that may stand at the cursor, and values where only some are allowed. It reads lines by how deep they
 * are indented, not a syntax tree: while somebody types the text is broken most of the time. Between braces it is silent.
 */
export function yamlCompletions(schema: Schema): CompletionSource {
  return (context) => keyCompletions(schema, context) ?? valueCompletions(schema, context);
}

function keyCompletions(schema: Schema, context: CompletionContext): ReturnType<CompletionSource> {
  const { doc } = context.state;
  const line = doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const [, lead, typed] = /^(\s*(?:- +)*)([\w-]*)$/.exec(before) ?? [];
  if (lead === undefined || typed === undefined || (typed === '' && !context.explicit)) return null;
  const { path, siblings } = placeOf(doc, line.number, lead);
  const hasColon = /^[\w-]*\s*:/.test(line.text.slice(before.length));
  const options = new Map<string, Completion>();
  for (const one of schemasAt(schema, path)) {
    for (const [label, value] of Object.entries(one.properties ?? {})) {
      if (siblings.has(label)) continue;
      const end = hasColon ? '' : takesBlock(value) ? ':' : ': ';
      options.set(label, { label, type: 'property', apply: `${label}${end}`, ...infoOf(value) });
    }
  }
  return options.size === 0
    ? null
    : { from: context.pos - typed.length, options: [...options.values()], validFor: /^[\w-]*$/ };
}

function valueCompletions(schema: Schema, context: CompletionContext): ReturnType<CompletionSource> {
  const { doc } = context.state;
  const line = doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const [, lead, key, typed] = /^(\s*(?:- +)*)([\w-]+):\s+([\w./-]*)$/.exec(before) ?? [];
  if (lead === undefined || key === undefined || typed === undefined) return null;
  const { path } = placeOf(doc, line.number, lead);
  const values = schemasAt(schema, [...path, key]).flatMap(
    (one) => one.enum ?? (one.const === undefined ? [] : [one.const]),
  );
  const options = values.map((value) => ({ label: String(value), type: 'constant' }));
  return options.length === 0 ? null : { from: context.pos - typed.length, options, validFor: /^[\w./-]*$/ };
}

/** Which keys and lists lead to what stands behind `lead` in the line, and which keys stand beside it. */
function placeOf(doc: Text, lineNumber: number, lead: string): Place {
  const siblings = new Set<string>();
  const path: Step[] = [];
  let column = lead.length;
  /** In a list the dashes may stand as deep as the key they belong to. */
  let isDash = false;
  const climb = (mark: Mark): void => {
    const isParent = mark.column < column || (isDash && mark.step !== ITEM && mark.column === column);
    if (isParent) {
      path.unshift(mark.step);
      column = mark.column;
      isDash = mark.step === ITEM;
    } else if (mark.column === column && path.length === 0 && mark.step !== ITEM) {
      siblings.add(mark.step);
    }
  };
  for (const mark of marksOf(lead).toReversed()) climb(mark);
  const isWhole = (): boolean => path.length > 0 && column === 0 && !isDash;
  for (let line = lineNumber - 1; line >= 1 && !isWhole(); line -= 1) {
    for (const mark of marksOf(doc.line(line).text).toReversed()) climb(mark);
  }
  for (let line = lineNumber + 1; line <= doc.lines; line += 1) {
    const marks = marksOf(doc.line(line).text);
    if (marks.some((mark) => mark.column < lead.length)) break;
    for (const { column: at, step } of marks) if (at === lead.length && step !== ITEM) siblings.add(step);
  }
  return { path, siblings };
}

function marksOf(line: string): Mark[] {
  const [lead = ''] = /^\s*(?:-(?:\s+|$))*/.exec(line) ?? [];
  const marks: Mark[] = [...lead].flatMap((letter, column) => (letter === '-' ? [{ column, step: ITEM }] : []));
  const key = /^(?:"([^"]+)"|'([^']+)'|([\w.-]+))\s*:(?:\s|$)/.exec(line.slice(lead.length));
  const step = key?.[1] ?? key?.[2] ?? key?.[3];
  return step === undefined ? marks : [...marks, { column: lead.length, step }];
}

function schemasAt(schema: Schema, path: readonly Step[]): Schema[] {
  return path.reduce(
    (schemas, step) => schemas.flatMap((one) => alternatives(inside(one, step))),
    alternatives(schema),
  );
}

function inside(schema: Schema, step: Step): Schema | undefined {
  if (step === ITEM) return schema.items;
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

function alternatives(schema: Schema | undefined): Schema[] {
  if (schema === undefined) return [];
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(alternatives);
}

/** Whether a value of it stands in the lines below its key. */
function takesBlock(schema: Schema): boolean {
  return alternatives(schema).some(({ type }) => type === 'object' || type === 'array');
}

function infoOf(schema: Schema): { info?: string } {
  const { description } = [schema, ...alternatives(schema)].find((one) => one.description !== undefined) ?? {};
  return description === undefined ? {} : { info: description };
}
