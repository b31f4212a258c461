/** Whose file it is: without a service it belongs to the stage, without a stage to the project. */
export type FilePlace = {
  readonly project: string;
  readonly stage?: string | undefined;
  readonly service?: string | undefined;
};

export type FileContent = { readonly uri: string; readonly content: Buffer };

export type StoredFile = FileContent & { readonly commit: string; readonly at: number };

/** Files of a project that Slipway keeps for its task services without reading them. */
export interface Files {
  /** Writes all of them under one new commit id, a SHA-1 in hexadecimal. */
  put(place: FilePlace, files: readonly FileContent[]): Promise<string>;
  /** The file in use, or as it was when `commit` was written. Throws `not-found` for a commit this store never gave. */
  get(place: FilePlace, uri: string, commit?: string): Promise<StoredFile | undefined>;
  /** The commit of the deletion; undefined: there was no such file. */
  remove(place: FilePlace, uri: string): Promise<string | undefined>;
  /** Of this very place, by uri. */
  list(place: FilePlace): Promise<{ uri: string; commit: string; at: number }[]>;
  deleteAll(project: string): Promise<void>;
}
