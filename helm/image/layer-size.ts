import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** What a folder weighs; compressed about as a registry keeps it. */
export function sizeOf(folder: string): { files: number; bytes: number; gzipped: number } {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile());
  const texts = files.map((file) => readFileSync(file));
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);
  return {
    files: files.length,
    bytes: sum(texts.map((text) => text.length)),
    gzipped: sum(texts.map((text) => gzipSync(text).length)),
  };
}
