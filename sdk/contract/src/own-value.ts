/**
 * What a table has under a key of its own. Read by index, `constructor` and the like would give what every object inherits: a
 * sender by that name would be known before it ever came.
 */
export function ownValue<Value>(table: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Writes a key of the table's own; `__proto__` by index would change what it inherits instead. */
export function putOwn<Value>(table: Record<string, Value>, key: string, value: NoInfer<Value>): void {
  if (key === '__proto__') {
    Object.defineProperty(table, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    table[key] = value;
  }
}
