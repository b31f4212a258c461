/**
 * Where an event stands among all events of the database: `<epoch>-<transaction>-<number>`, hexadecimal, ascending as text
 * compares. The transaction is PostgreSQL's own 64-bit id, taken by the commit that wrote the event. Ids are handed out in order but
 * transactions end in any order, so a reader stays below the oldest one still under way (`EDGE`): below it every transaction has
 * ended, and nothing can appear there later. The epoch counts restores into another server, where ids begin anew.
 */
const EPOCH_DIGITS = 4;
const TRANSACTION_DIGITS = 16;
const NUMBER_DIGITS = 6;
const SHAPE = /^[0-9a-f]{4}-[0-9a-f]{16}-[0-9a-f]{6}$/;

/** SQL: text of the transaction that this statement belongs to. Takes an id where it has none yet. */
export const TRANSACTION = `lpad(to_hex(pg_current_xact_id()::text::bigint), ${TRANSACTION_DIGITS}, '0')`;

/** SQL: the first transaction that may still be under way, in the view of this very statement. */
export const EDGE = `lpad(to_hex(pg_snapshot_xmin(pg_current_snapshot())::text::bigint), ${TRANSACTION_DIGITS}, '0')`;

export function epochText(epoch: number): string {
  return epoch.toString(16).padStart(EPOCH_DIGITS, '0');
}

/** The tail of a position: `number` counts the events of one commit. */
export function numberText(number: number): string {
  return number.toString(16).padStart(NUMBER_DIGITS, '0');
}

export function isPosition(text: string): boolean {
  return SHAPE.test(text);
}
