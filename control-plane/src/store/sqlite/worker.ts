import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { InvalidCursor } from '../store.ts';
import { DataFileGone, DataFiles } from './data-files.ts';
import type { FailureKind, OpName } from './protocol.ts';
import { Reader } from './reader.ts';
import { prepareSchema, tune } from './schema.ts';
import { Writer } from './writer.ts';

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** One thread with one connection: the writing one or the reading one, as its data says. */
const { path, role } = workerData as { path: string; role: 'writer' | 'reader' };
const port = parentPort;
if (!port) throw new Error('this file is a worker thread');

const db = new DatabaseSync(path);
tune(db, role === 'reader');
if (role === 'writer') prepareSchema(db);
const files = role === 'writer' ? new DataFiles(path) : undefined;
const target = role === 'writer' ? new Writer(db) : new Reader(db);

port.on('message', (message: { id: number; op: OpName | 'close'; args: unknown }) => {
  try {
    if (message.op === 'close') {
      if (role === 'writer') db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
      port.postMessage({ id: message.id, value: undefined });
      port.close();
      return;
    }
    files?.check();
    const method = (target as unknown as Record<string, (args: unknown) => unknown>)[message.op];
    if (typeof method !== 'function') throw new Error(`the ${role} does not know ${message.op}`);
    port.postMessage({ id: message.id, value: method.call(target, message.args) });
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    port.postMessage({
      id: message.id,
      error: cause.message,
      kind: kindOf(error),
    });
  }
});
port.postMessage({ id: 0, value: 'ready' });

function kindOf(error: unknown): FailureKind {
  if (error instanceof InvalidCursor) return 'cursor';
  if (error instanceof DataFileGone) return 'gone';
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB ? 'malformed' : 'store';
}
