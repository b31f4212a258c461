/** Reads search parameters of an address: texts that are there, under known names, and nothing else. */
export function readSearch<const K extends string>(keys: readonly K[]) {
  return (search: Record<string, unknown>): { [key in K]?: string } => {
    const read: { [key in K]?: string } = {};
    for (const key of keys) {
      const value = search[key];
      if (typeof value === 'string' && value !== '') read[key] = value;
      else if (typeof value === 'number' || typeof value === 'boolean') read[key] = String(value);
    }
    return read;
  };
}
