import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-schema-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function edit(sql: string): void {
  const db = new DatabaseSync(join(dir, 'slipway.db'));
  db.exec(sql);
  db.close();
}

async function open(): Promise<void> {
  await (await openSqliteStore({ dir })).close();
}

function indexes(): string[] {
  const db = new DatabaseSync(join(dir, 'slipway.db'), { readOnly: true });
  const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all();
  db.close();
  return rows.map((row) => String(row.name)).sort();
}

test('a file of the first version is brought up to date when it is opened, and opened again as it is', async () => {
  await open();
  const today = indexes();
  edit(
    'DROP INDEX streams_unfinished; DROP INDEX streams_result; DROP INDEX streams_service; DROP TABLE evaluations; PRAGMA user_version = 1',
  );
  expect(indexes()).not.toEqual(today);
  await open();
  expect(indexes()).toEqual(today);
  await open();
  expect(indexes()).toEqual(today);
});

test('a file that a newer program wrote is refused with the way out', async () => {
  await open();
  edit('PRAGMA user_version = 1000');
  await expect(openSqliteStore({ dir })).rejects.toThrow(/newer Slipway \(schema 1000/);
});
