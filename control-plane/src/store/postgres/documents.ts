import type { DocumentKind, StoredDocument } from '../store.ts';
import type { Database, Row } from './database.ts';
import { fromColumn, toColumn } from './text.ts';

interface DocumentRow extends Row {
  id: string;
  revision: string;
  value: string;
}

/** Sorts after every id with the same beginning. */
const LAST_CHARACTER = '\u{10ffff}';

/** Small documents with revisions. */
export class Documents {
  readonly #database: Database;
  readonly #timeoutMs: number;

  constructor({ database, timeoutMs }: { database: Database; timeoutMs: number }) {
    this.#database = database;
    this.#timeoutMs = timeoutMs;
  }

  async get(kind: DocumentKind, id: string): Promise<StoredDocument | undefined> {
    const sql = 'SELECT id, revision, value FROM documents WHERE kind = $1 AND id = $2';
    const [row] = await this.#database.run<DocumentRow>('document', this.#timeoutMs, sql, [kind, toColumn(id)]);
    return row === undefined ? undefined : stored(row);
  }

  async put(kind: DocumentKind, id: string, value: unknown, expect?: 'absent' | number): Promise<number | undefined> {
    const values: unknown[] = [kind, toColumn(id), JSON.stringify(value)];
    if (typeof expect === 'number') values.push(expect);
    const [row] = await this.#database.run<{ revision: string }>(
      'put document',
      this.#timeoutMs,
      putSql(expect),
      values,
    );
    return row === undefined ? undefined : Number(row.revision);
  }

  async list(
    kind: DocumentKind,
    { prefix = '', after, limit }: { prefix?: string; after?: string; limit: number },
  ): Promise<StoredDocument[]> {
    const sql = `SELECT id, revision, value FROM documents WHERE kind = $1 AND id >= $2 AND id < $3 AND id > $4 ORDER BY id LIMIT $5`;
    const values = [kind, toColumn(prefix), `${toColumn(prefix)}${LAST_CHARACTER}`, toColumn(after ?? ''), limit];
    return (await this.#database.run<DocumentRow>('documents', this.#timeoutMs, sql, values)).map(stored);
  }

  async delete(kind: DocumentKind, id: string): Promise<boolean> {
    const sql = 'DELETE FROM documents WHERE kind = $1 AND id = $2 RETURNING id';
    return (await this.#database.run('delete document', this.#timeoutMs, sql, [kind, toColumn(id)])).length > 0;
  }
}

function putSql(expect: 'absent' | number | undefined): string {
  if (typeof expect === 'number') {
    return 'UPDATE documents SET value = $3, revision = revision + 1 WHERE kind = $1 AND id = $2 AND revision = $4 RETURNING revision';
  }
  const insert = 'INSERT INTO documents AS d (kind, id, revision, value) VALUES ($1, $2, 1, $3) ON CONFLICT (kind, id)';
  return expect === 'absent'
    ? `${insert} DO NOTHING RETURNING revision`
    : `${insert} DO UPDATE SET value = excluded.value, revision = d.revision + 1 RETURNING revision`;
}

function stored({ id, revision, value }: DocumentRow): StoredDocument {
  const parsed: unknown = JSON.parse(value);
  return { id: fromColumn(id), revision: Number(revision), value: parsed };
}
