import { z } from 'zod';

/** A JSON Schema 2020-12, as JSON. */
export type JsonSchema = Record<string, unknown>;

/**
 * JSON Schemas by name. Where one of them is inside another there is a reference, `uri(name)`.
 * An object may have members that are not named here, so that an answer can gain some, unless its schema is strict.
 */
export function jsonSchemasOf(
  schemas: { readonly [name: string]: z.ZodType },
  uri: (name: string) => string,
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const converted = z.toJSONSchema(registry, { io: 'output', uri, override: simplify });
  return Object.fromEntries(Object.entries(converted.schemas).map(([name, schema]) => [name, plainJson(schema)]));
}

/** Takes out what zod says about every value of a kind and a reader already knows. */
function simplify(context: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { jsonSchema } = context;
  const { def } = context.zodSchema._zod;
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
  if (def.type === 'record') delete jsonSchema.propertyNames;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function plainJson(schema: unknown): JsonSchema {
  return JSON.parse(JSON.stringify(schema));
}
