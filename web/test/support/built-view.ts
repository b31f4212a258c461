import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CACHE, ROOT } from '../../../tools/root.ts';

const LOCK = join(CACHE, 'web-build.lock');
const LOOK_MS = 50;
/** A build takes seconds; a lock that is older was left behind by a killed process. */
const LOCK_MAX_MS = 60_000;

/** `npm test` builds before it starts. Test files that are run alone do it here, one of them for all. */
export async function buildView(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  while (!takeLock()) await delay(LOOK_MS);
  try {
    const built = spawnSync(process.execPath, [join(ROOT, 'tools/build-web.mjs')], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the web view could not be built: ${built.stderr}`);
  } finally {
    rmdirSync(LOCK);
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    if (Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > LOCK_MAX_MS) rmdirSync(LOCK);
    return false;
  }
}
