import { MongoBulkWriteError, MongoError } from 'mongodb';
import { StoreUnavailable } from '../store.ts';

export const DUPLICATE_KEY = 11000;

/**
 * One question to the server with a limit of time. Whatever the driver meets (no primary, a broken connection, a write
 * that no majority confirmed) is one thing for whoever asks: the outcome is unknown.
 *
 * The driver has no limit of its own over selection, connection, retry and answer together. After this one the
 * operation may still reach the server, which is what `StoreUnavailable` says.
 */
export async function ask<T>(what: string, timeoutMs: number, operation: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new StoreUnavailable(`mongo did not answer '${what}' within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([operation(), late]);
  } catch (error) {
    throw toStoreError(what, error);
  } finally {
    clearTimeout(timer);
  }
}

/** What the driver met. It wraps most that happens on a socket, though not all. */
export function toStoreError(what: string, error: unknown): unknown {
  const isSystem = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return error instanceof MongoError || isSystem
    ? new StoreUnavailable(`mongo failed at '${what}': ${error.message}`, { cause: error })
    : error;
}

/**
 * Runs an unordered bulk write. Answers the indexes that met a document with the same key; anything else that went wrong
 * with any part of it is thrown.
 */
export async function duplicatesOf(write: () => Promise<unknown>): Promise<Set<number>> {
  try {
    await write();
    return new Set();
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    const isDuplicates = failures.length > 0 && failures.every((failure) => failure.code === DUPLICATE_KEY);
    // Without the majority's word the rest of the batch is not known to be durable.
    if (!isDuplicates || error.result.getWriteConcernError() !== undefined) throw error;
    return new Set(failures.map((failure) => failure.index));
  }
}
