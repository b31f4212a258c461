import { isObject, ownValue, putOwn } from '@slipway/contract';

/** What a subschema costs each time it is applied, as a keyword that spends it. */
export const WORK_KEYWORD = '$slipwayWork';

/** A schema that expands to more cannot be uploaded: `$ref`s in `allOf` double it with every level. */
export const SCHEMA_SIZE_MAX = 10_000;

type Schema = Record<string, unknown>;

const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const SINGLE = [
  ...['items', 'contains', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems', 'propertyNames'],
  ...['not', 'if', 'then', 'else', 'contentSchema'],
];
/** Definitions cost nothing until something refers to them. */
const DEFINITIONS: ReadonlySet<string> = new Set(['$defs', 'definitions']);

/** The schema with its price in every subschema. Only places of subschemas are touched: data in `const` or `enum` is none. */
export function withWork(schema: Schema): Schema {
  const priced: Schema = { ...schema };
  for (const key of Object.keys(schema)) {
    const value = ownValue(schema, key);
    if (MAPS.includes(key) && isObject(value)) {
      putOwn(priced, key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, pricedOf(one)])));
    } else if (LISTS.includes(key) && Array.isArray(value)) putOwn(priced, key, value.map(pricedOf));
    else if (SINGLE.includes(key)) putOwn(priced, key, Array.isArray(value) ? value.map(pricedOf) : pricedOf(value));
  }
  priced[WORK_KEYWORD] = weightOf(schema);
  return priced;
}

function pricedOf(value: unknown): unknown {
  return isObject(value) ? withWork(value) : value;
}

/** About the comparisons that it makes of one value, beside those of its subschemas. */
function weightOf({ required, properties, dependentRequired, enum: values, const: value, ...rest }: Schema): number {
  const texts = [values, value, dependentRequired].map((one) => (JSON.stringify(one)?.length ?? 0) >> 4);
  const names =
    (Array.isArray(required) ? required.length : 0) + (isObject(properties) ? Object.keys(properties).length : 0);
  return texts.reduce((sum, one) => sum + one, 1 + names + Object.keys(rest).length);
}

/** What one application costs: the schema's own price, and a look at each member. */
export function workOf(weight: number, data: unknown, schema: unknown): number {
  if (Array.isArray(data)) {
    const isUnique = isObject(schema) && schema.uniqueItems === true;
    // Every element is compared with every other, which may be long and differ at their ends.
    return weight + data.length + (isUnique ? (data.length * JSON.stringify(data).length) / 32 : 0);
  }
  if (isObject(data)) return weight + Object.keys(data).length;
  return weight + (typeof data === 'string' ? data.length / 16 : 0);
}

/** How many subschemas it stands for once each `$ref` within it is written out; a schema within itself counts once. */
export function expandedSize(root: Schema): number {
  const sizes = new Map<object, number>();
  const sizeOf = (value: unknown): number => {
    if (!isObject(value)) return 0;
    const known = sizes.get(value);
    if (known !== undefined) return known;
    sizes.set(value, 0);
    let size = 1;
    for (const key of Object.keys(value)) {
      const below = ownValue(value, key);
      if (DEFINITIONS.has(key)) continue;
      if (key === '$ref') size += sizeOf(targetOf(below, root));
      else if (MAPS.includes(key) && isObject(below)) for (const one of Object.values(below)) size += sizeOf(one);
      else if (LISTS.includes(key) && Array.isArray(below)) for (const one of below) size += sizeOf(one);
      else if (SINGLE.includes(key)) for (const one of [below].flat()) size += sizeOf(one);
    }
    sizes.set(value, size);
    return size;
  };
  return sizeOf(root);
}

/** What a reference within the schema, such as `#/$defs/image`, refers to. */
export function targetOf(ref: unknown, root: object): unknown {
  if (typeof ref !== 'string' || !/^#(\/[^%]*)?$/.test(ref)) return undefined;
  const names = ref.split('/').slice(1);
  return names.reduce<unknown>((at, name) => {
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key)
      ? ownValue(at as Record<string, unknown>, key)
      : undefined;
  }, root);
}
