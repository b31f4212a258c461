import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { badUsage } from '../exit-code.ts';
import { reasonOf } from '../input.ts';

/** Writes a page that somebody asked for with `--html FILE`. */
export function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    const reason = existsSync(dirname(file)) ? reasonOf(error) : 'its folder is not there';
    throw badUsage(`cannot write ${file}: ${reason}`);
  }
}
