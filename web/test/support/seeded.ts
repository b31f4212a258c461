import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACHE, ROOT } from '../../../tools/root.ts';

/** What decides what a run leaves in the store: with another of these the kept folder is made anew. */
const MADE_BY = ['tools/seed', 'tools/seed-runs.ts', 'control-plane/src', 'sdk/contract/src'];

/** A data folder of its own with so many finished runs. It takes ten seconds to make, so a copy is kept in .cache. */
export function seededData(runs: number): string {
  const kept = join(CACHE, `seeded-${runs}-${keyOf(MADE_BY)}`);
  if (!existsSync(kept)) {
    mkdirSync(CACHE, { recursive: true });
    for (const old of readdirSync(CACHE)) {
      if (old.startsWith(`seeded-${runs}-`)) rmSync(join(CACHE, old), { recursive: true, force: true });
    }
    const made = mkdtempSync(join(CACHE, 'seeding-'));
    const args = [join(ROOT, 'tools/seed-runs.ts'), '--data', made, '--runs', String(runs)];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the runs could not be seeded: ${stderr}`);
    renameSync(made, kept);
  }
  const folder = mkdtempSync(join(tmpdir(), 'slipway-web-'));
  cpSync(kept, folder, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return folder;
}

function keyOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const all = path.endsWith('.ts')
      ? ['']
      : readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' }).toSorted();
    for (const name of all) if (join(path, name).endsWith('.ts')) hash.update(readFileSync(join(ROOT, path, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
