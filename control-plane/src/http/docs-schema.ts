import { isObject } from '@slipway/contract';
import { type Html, html, prose } from './html.ts';

const DEPTH_MAX = 4;
const REFERENCE = '#/components/schemas/';

/** A JSON Schema as a table of its properties, or as a word when it has none. */
export function schemaHtml(schema: unknown, depth = 0): Html {
  if (!isObject(schema)) return html`anything`;
  const { properties, required } = schema;
  if (!isObject(properties) || depth >= DEPTH_MAX) return kindOf(schema);
  const mandatory: readonly unknown[] = Array.isArray(required) ? required : [];
  const rows = Object.entries(properties).map(([name, property]) =>
    row({ name, schema: property, must: mandatory.includes(name), depth }),
  );
  return html`<div class="scroll"><table><tbody>${rows}</tbody></table></div>`;
}

type Row = { name: string; schema: unknown; must: boolean; depth: number };

function row({ name, schema, must, depth }: Row): Html {
  const inner = innerObject(schema);
  const more =
    inner === undefined
      ? ''
      : html`<details><summary>its keys</summary><div>${schemaHtml(inner, depth + 1)}</div></details>`;
  return html`<tr><th scope="row"><code>${name}</code>${must && html` <span class="must">required</span>`}</th>
<td class="kind">${kindOf(schema)}</td><td>${descriptionOf(schema)}${more}</td></tr>`;
}

/** The object whose keys a reader would want to see: the schema itself, or what an array or a map is made of. */
function innerObject(schema: unknown): Record<string, unknown> | undefined {
  if (!isObject(schema)) return undefined;
  if (isObject(schema.properties)) return schema;
  if (isObject(schema.items)) return innerObject(schema.items);
  return isObject(schema.additionalProperties) ? innerObject(schema.additionalProperties) : undefined;
}

export function descriptionOf(schema: unknown): Html | undefined {
  return isObject(schema) && typeof schema.description === 'string' ? prose(schema.description) : undefined;
}

/** What a value is, in a few words: `string`, `list of Run`, `pass | warning | fail`. */
export function kindOf(schema: unknown): Html {
  if (!isObject(schema)) return html`anything`;
  const { $ref, enum: words, anyOf, oneOf, type, items, additionalProperties, pattern, format } = schema;
  if (typeof $ref === 'string' && $ref.startsWith(REFERENCE)) {
    const name = $ref.slice(REFERENCE.length);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if ('const' in schema) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (Array.isArray(words)) return join(words.map((word) => html`<code>${String(word)}</code>`));
  const either = Array.isArray(anyOf) ? anyOf : oneOf;
  if (Array.isArray(either)) return join(either.map(kindOf));
  if (type === 'array') return html`list of ${kindOf(items)}`;
  if (type === 'object')
    return isObject(additionalProperties) ? html`map of ${kindOf(additionalProperties)}` : html`object`;
  if (Array.isArray(type)) return html`${type.join(' or ')}`;
  if (typeof type !== 'string') return html`anything`;
  const form = typeof pattern === 'string' ? html`, <code>${pattern}</code>` : format ? `, ${String(format)}` : '';
  return html`${type}${form}${bounds(schema)}`;
}

function bounds({ minimum, maximum, maxLength }: Record<string, unknown>): string {
  if (typeof maxLength === 'number') return `, at most ${maxLength} characters`;
  if (typeof minimum === 'number' && typeof maximum === 'number') return `, ${minimum} to ${maximum}`;
  if (typeof minimum === 'number') return `, at least ${minimum}`;
  return typeof maximum === 'number' ? `, at most ${maximum}` : '';
}

function join(parts: readonly Html[]): Html {
  return html`${parts.map((part, index) => (index === 0 ? part : html` | ${part}`))}`;
}
