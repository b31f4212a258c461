import { MongoServerError } from 'mongodb';
import { type DocumentKind, type StoredDocument, StoreUnavailable } from '../store.ts';
import { ask, DUPLICATE_KEY } from './ask.ts';
import type { Collections, DocumentDoc } from './collections.ts';

/** Replacing whatever is there reads, and writes if it is still that: how often it may come second. */
const ATTEMPTS_MAX = 50;
/** Sorts after every id with the same beginning. */
const LAST_CHARACTER = '\u{10ffff}';

/**
 * Small documents with revisions. Everything is an insert of a key or an update of a key with its revision: `findAndModify`
 * with upsert was seen to answer nothing on compatible servers although it had written.
 */
export class Documents {
  readonly #collections: Collections;
  readonly #timeoutMs: number;

  constructor({ collections, timeoutMs }: { collections: Collections; timeoutMs: number }) {
    this.#collections = collections;
    this.#timeoutMs = timeoutMs;
  }

  async get(kind: DocumentKind, id: string): Promise<StoredDocument | undefined> {
    const doc = await this.#read(keyOf(kind, id));
    return doc === undefined ? undefined : stored(doc);
  }

  async put(kind: DocumentKind, id: string, value: unknown, expect?: 'absent' | number): Promise<number | undefined> {
    const doc = { _id: keyOf(kind, id), kind, id, value: JSON.stringify(value) };
    if (expect === 'absent') return (await this.#insert(doc)) ? 1 : undefined;
    if (expect !== undefined) return (await this.#replace(doc, expect)) ? expect + 1 : undefined;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const revision = (await this.#read(doc._id))?.revision;
      if (revision === undefined) {
        if (await this.#insert(doc)) return 1;
      } else if (await this.#replace(doc, revision)) {
        return revision + 1;
      }
    }
    throw new StoreUnavailable(`document ${doc._id} was replaced ${ATTEMPTS_MAX} times while it was to be written`);
  }

  async list(
    kind: DocumentKind,
    { prefix = '', after, limit }: { prefix?: string; after?: string; limit: number },
  ): Promise<StoredDocument[]> {
    const id = { $gte: prefix, $lt: prefix + LAST_CHARACTER, ...(after === undefined ? {} : { $gt: after }) };
    const docs = await ask('documents', this.#timeoutMs, () =>
      this.#collections.documents.find({ kind, id }).sort({ id: 1 }).limit(limit).toArray(),
    );
    return docs.map(stored);
  }

  async delete(kind: DocumentKind, id: string): Promise<boolean> {
    const done = await ask('delete document', this.#timeoutMs, () =>
      this.#collections.documents.deleteOne({ _id: keyOf(kind, id) }),
    );
    return done.deletedCount > 0;
  }

  async #read(key: string): Promise<DocumentDoc | undefined> {
    const doc = await ask('document', this.#timeoutMs, () =>
      this.#collections.documents.findOne({ _id: key }, { readConcern: { level: 'majority' } }),
    );
    return doc ?? undefined;
  }

  async #insert(doc: Omit<DocumentDoc, 'revision'>): Promise<boolean> {
    return ask('put document', this.#timeoutMs, async () => {
      try {
        await this.#collections.documents.insertOne({ ...doc, revision: 1 });
        return true;
      } catch (error) {
        if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
        throw error;
      }
    });
  }

  async #replace({ _id, value }: Omit<DocumentDoc, 'revision'>, revision: number): Promise<boolean> {
    const done = await ask('put document', this.#timeoutMs, () =>
      this.#collections.documents.updateOne({ _id, revision }, { $set: { value, revision: revision + 1 } }),
    );
    return done.matchedCount > 0;
  }
}

function keyOf(kind: DocumentKind, id: string): string {
  return `${kind}/${id}`;
}

function stored({ id, revision, value }: DocumentDoc): StoredDocument {
  const parsed: unknown = JSON.parse(value);
  return { id, revision, value: parsed };
}
