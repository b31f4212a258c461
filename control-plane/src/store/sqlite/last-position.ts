/** The highest position of an event that was ever given out, whether or not retention has deleted that event. */
const KEPT = "SELECT value FROM documents WHERE kind = 'meta' AND id = 'last-position'";
export const LAST_POSITION = `SELECT max(ifnull((SELECT max(pos) FROM events), 0), ifnull(CAST((${KEPT}) AS INTEGER), 0)) AS pos`;
export const KEEP_LAST_POSITION =
  "INSERT OR REPLACE INTO documents (kind, id, revision, value) VALUES ('meta', 'last-position', 1, ?)";
