import { createHash } from 'node:crypto';
import type { Store } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../control-plane.ts';
import type { RequireRoom } from '../project-book.ts';
import type { FileContent, FilePlace, Files, StoredFile } from './ports.ts';

const FILE_BYTES_MAX = 1024 * 1024;
const FILES_MAX = 1_000;
const VERSIONS_MAX = 1_000;
const URI_MAX = 1_024;
const LEVELS_MAX = 64;
const WRITES_MAX = 10;
const DELETED_TOGETHER = 200;

type Version = { commit: string; at: number; deleted?: true };
/** All versions of one file, oldest first. */
type Head = { uri: string; versions: Version[] };

/**
 * Any file, by place and name, with its versions: what Keptn kept in a Git repository for each project. The content of a version is a
 * document of its own, so that a list reads no content.
 */
export class FileBook implements Files {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #requireRoom: RequireRoom;
  #lastAt = 0;

  constructor({ store, clock, requireRoom }: { store: Store; clock: Clock; requireRoom: RequireRoom }) {
    this.#store = store;
    this.#clock = clock;
    this.#requireRoom = requireRoom;
  }

  async put(place: FilePlace, files: readonly FileContent[]): Promise<string> {
    for (const file of files) requireFile(file);
    this.#requireRoom('files');
    const known = await this.list(place);
    const fresh = files.filter(({ uri }) => !known.some((one) => one.uri === uri));
    if (known.length + fresh.length > FILES_MAX) {
      throw new Refusal('conflict', `a project, stage or service has at most ${FILES_MAX} files`);
    }
    const { commit, at } = await this.#commit(place, files);
    // The contents first: a head never names a version that is not there.
    for (const { uri, content } of files) {
      const value = { content: content.toString('base64') };
      await this.#store.putDocument('file-version', versionId(place, uri, commit), value);
    }
    for (const { uri } of files) await this.#append(place, uri, { commit, at });
    return commit;
  }

  async get(place: FilePlace, uri: string, commit?: string): Promise<StoredFile | undefined> {
    const head = await this.#head(place, uri);
    if (head === undefined) return undefined;
    const until = commit === undefined ? Number.POSITIVE_INFINITY : await this.#timeOf(place.project, commit);
    const version = head.value.versions.findLast((one) => one.at <= until);
    if (version === undefined || version.deleted) return undefined;
    const found = await this.#store.getDocument('file-version', versionId(place, uri, version.commit));
    if (found === undefined) return undefined;
    const { content } = found.value as { content: string };
    return { uri, content: Buffer.from(content, 'base64'), commit: version.commit, at: version.at };
  }

  async remove(place: FilePlace, uri: string): Promise<string | undefined> {
    const last = (await this.#head(place, uri))?.value.versions.at(-1);
    if (last === undefined || last.deleted) return undefined;
    const { commit, at } = await this.#commit(place, []);
    await this.#append(place, uri, { commit, at, deleted: true });
    return commit;
  }

  async list(place: FilePlace): Promise<{ uri: string; commit: string; at: number }[]> {
    const found = await this.#store.listDocuments('file', { prefix: placeId(place), limit: 2 * FILES_MAX });
    return found.flatMap(({ value }) => {
      const { uri, versions } = value as Head;
      const last = versions.at(-1);
      return last === undefined || last.deleted ? [] : [{ uri, commit: last.commit, at: last.at }];
    });
  }

  async deleteAll(project: string): Promise<void> {
    for (const kind of ['file', 'file-version', 'file-commit'] as const) {
      for (;;) {
        const found = await this.#store.listDocuments(kind, { prefix: `${project}/`, limit: DELETED_TOGETHER });
        if (found.length === 0) break;
        for (const { id } of found) await this.#store.deleteDocument(kind, id);
      }
    }
  }

  /** Commits of one process are ordered by time, also those of one millisecond. */
  async #commit(place: FilePlace, files: readonly FileContent[]): Promise<{ commit: string; at: number }> {
    this.#lastAt = Math.max(this.#clock.now(), this.#lastAt + 1);
    const at = this.#lastAt;
    const hash = createHash('sha1').update(`${placeId(place)}\n${at}\n${this.#clock.random()}\n`);
    for (const { uri, content } of files) hash.update(uri).update(content);
    const commit = hash.digest('hex');
    await this.#store.putDocument('file-commit', `${place.project}/${commit}`, { at });
    return { commit, at };
  }

  async #timeOf(project: string, commit: string): Promise<number> {
    const found = await this.#store.getDocument('file-commit', `${project}/${commit}`);
    if (found === undefined) throw new Refusal('not-found', `there is no commit ${commit.slice(0, 64)}`);
    return (found.value as { at: number }).at;
  }

  async #append(place: FilePlace, uri: string, version: Version): Promise<void> {
    for (let attempt = 0; attempt < WRITES_MAX; attempt += 1) {
      const head = await this.#head(place, uri);
      const versions = [...(head?.value.versions ?? []), version].toSorted((a, b) => a.at - b.at);
      const dropped = versions.splice(0, Math.max(0, versions.length - VERSIONS_MAX));
      const value: Head = { uri, versions };
      const expected = head?.revision ?? 'absent';
      if ((await this.#store.putDocument('file', fileId(place, uri), value, expected)) === undefined) continue;
      for (const { commit } of dropped) await this.#store.deleteDocument('file-version', versionId(place, uri, commit));
      return;
    }
    throw new Refusal('conflict', `${uri} is being changed by others: try again`);
  }

  async #head(place: FilePlace, uri: string): Promise<{ value: Head; revision: number } | undefined> {
    const found = await this.#store.getDocument('file', fileId(place, uri));
    return found && { value: found.value as Head, revision: found.revision };
  }
}

function requireFile({ uri, content }: FileContent): void {
  const parts = uri.split('/');
  const isFine =
    uri !== '' && uri.length <= URI_MAX && parts.length <= LEVELS_MAX && !parts.includes('..') && !uri.includes('~');
  if (!isFine) {
    throw new Refusal(
      'invalid-name',
      `"${uri.slice(0, 80)}" can't name a file: up to ${LEVELS_MAX} levels, without ".." and "~"`,
    );
  }
  if (content.length > FILE_BYTES_MAX) throw new Refusal('too-large', `${uri} is larger than 1 MB`);
}

/** With its slash, so that no other place begins with it. Names are encoded: no separator may stand in them. */
function placeId({ project, stage = '', service = '' }: FilePlace): string {
  return `${project}/${encodeURIComponent(stage)}/${encodeURIComponent(service)}/`;
}

function fileId(place: FilePlace, uri: string): string {
  return `${placeId(place)}${encodeURIComponent(uri)}`;
}

function versionId(place: FilePlace, uri: string, commit: string): string {
  return `${fileId(place, uri)}/${commit}`;
}
