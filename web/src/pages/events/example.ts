type Schema = Record<string, unknown>;
const DEPTH_MAX = 6;

/** A value that a JSON Schema would take, or nearly: what a person then edits. */
export function exampleOf(schema: unknown): Record<string, unknown> {
  const value = isSchema(schema) ? exampleValue(schema, '', 0) : {};
  return isSchema(value) ? value : {};
}

function exampleValue(schema: Schema, name: string, depth: number): unknown {
  if ('default' in schema) return schema.default;
  if ('const' in schema) return schema.const;
  const [first] = listOf(schema.examples) ?? listOf(schema.enum) ?? [];
  if (first !== undefined) return first;
  if (schema.type === 'string') return textOf(schema, name);
  if (schema.type === 'number' || schema.type === 'integer') return schema.minimum ?? 0;
  if (schema.type === 'boolean') return false;
  if (schema.type === 'array') return [];
  if (depth >= DEPTH_MAX || !isSchema(schema.properties)) return {};
  return Object.fromEntries(
    Object.entries(schema.properties).map(([key, part]) => [
      key,
      isSchema(part) ? exampleValue(part, key, depth + 1) : null,
    ]),
  );
}

/** What must not be empty gets its own name. */
function textOf(schema: Schema, name: string): string {
  const min = numberOf(schema.minLength);
  return min === 0 ? '' : name.slice(0, numberOf(schema.maxLength) || undefined).padEnd(min, '-');
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function listOf(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
