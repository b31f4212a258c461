/** Stands before what replaces a character; of a plane for private use, so no name is expected to hold it. */
const ESCAPE = '\u{f0000}';

/**
 * A name as a column holds it. PostgreSQL's text has no U+0000. Doors refuse names with one, and the store stays right when a door has
 * a hole. `fromColumn` undoes it.
 */
export function toColumn(name: string): string {
  if (!name.includes('\0') && !name.includes(ESCAPE)) return name;
  return name.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll('\0', `${ESCAPE}0`);
}

export function fromColumn(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replaceAll(`${ESCAPE}0`, '\0').replaceAll(`${ESCAPE}1`, ESCAPE);
}
