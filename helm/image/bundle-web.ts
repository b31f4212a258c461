import { join } from 'node:path';
import { build } from 'vite';
import { ROOT } from '../../tools/root.ts';

/** Builds the web view into this folder, and says which modules it is made of. */
export async function bundleWeb(folder: string): Promise<{ modules: string[] }> {
  const built = await build({
    root: join(ROOT, 'web'),
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  });
  if ('close' in built) throw new Error('vite watches, although nobody asked it to');
  const chunks = [built].flat().flatMap(({ output }) => output);
  return { modules: chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])) };
}
