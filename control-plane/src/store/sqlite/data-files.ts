import { statSync } from 'node:fs';
import { basename } from 'node:path';

/** A file of the database is not under its name any more. */
export class DataFileGone extends Error {
  override name = 'DataFileGone';
}

/**
 * Notices when the database or its write-ahead log is deleted, moved or replaced. SQLite does not: it goes on writing into a
 * file without a name, which is gone with the process. Two calls of `stat` cost a few microseconds, a commit its sync.
 */
export class DataFiles {
  readonly #files: { path: string; identity: string | undefined }[];

  constructor(database: string) {
    this.#files = [database, `${database}-wal`].map((path) => ({ path, identity: identityOf(path) }));
  }

  /** Throws DataFileGone. A file that is moved back is the same again. */
  check(): void {
    for (const file of this.#files) {
      const identity = identityOf(file.path);
      // SQLite makes the log with the first write.
      file.identity ??= identity;
      if (identity === file.identity) continue;
      throw new DataFileGone(
        `${basename(file.path)} was deleted or replaced while this process uses it, so nothing that is written now would last: ` +
          'put the file back, or stop this process, restore a backup and start again',
      );
    }
  }
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}
