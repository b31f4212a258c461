/** What a service did is not what it should have done. */
export class Mismatch extends Error {
  override name = 'Mismatch';
  readonly wanted: string;
  readonly came: string;

  constructor(wanted: string, came: string) {
    super(`wanted: ${wanted}; came: ${came}`);
    this.wanted = wanted;
    this.came = came;
  }
}

/** Throws Mismatch unless it holds. */
export function check(holds: boolean, wanted: string, came: unknown): asserts holds {
  if (!holds) throw new Mismatch(wanted, typeof came === 'string' ? came : shorten(came));
}

const SHOWN_MAX = 1_500;

export function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}... (${text.length} characters)`;
}
