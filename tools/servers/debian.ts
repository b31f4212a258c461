/** Programs out of Debian packages, unpacked into the cache: nothing is installed into the system and no service starts. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE } from '../root.ts';
import { onPath, run } from './command.ts';

export async function unpackDebian(packages: readonly string[], into: string): Promise<void> {
  if (!onPath('apt-get') || !onPath('dpkg')) {
    throw new Error(`${packages.join(', ')} would come from Debian's packages, but there is no apt-get here`);
  }
  // Unpacked beside its place and renamed, so that an interrupted set-up leaves nothing that looks complete.
  const work = join(CACHE, `${into}.part-${process.pid}`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  try {
    let result = await run('apt-get', ['download', '-q', ...packages], { cwd: work });
    if (!result.ok) {
      // A fresh container has no package lists.
      await run('apt-get', ['update', '-q']);
      result = await run('apt-get', ['download', '-q', ...packages], { cwd: work });
    }
    if (!result.ok) throw new Error(`apt-get download ${packages.join(' ')} failed:\n${result.output.trim()}`);
    for (const file of await readdir(work)) {
      if (!file.endsWith('.deb')) continue;
      const unpacked = await run('dpkg', ['-x', file, '.'], { cwd: work });
      if (!unpacked.ok) throw new Error(`dpkg -x ${file} failed:\n${unpacked.output.trim()}`);
      await rm(join(work, file));
    }
    await rm(join(CACHE, into), { recursive: true, force: true });
    await rename(work, join(CACHE, into));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
