import { existsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Plugin } from 'rolldown';
import { ROOT } from '../../tools/root.ts';

const BESIDE = /new URL\(\s*'([^']+)',\s*import\.meta\.url\s*\)/g;
/** Built into its place, not copied from the tree. */
const WEB = 'web/dist';

/**
 * Our code finds its data and its worker threads by `new URL('../data/x', import.meta.url)`. In the layer all code is in lib/, and
 * files are where they are in the tree, so such an address is written anew: a worker becomes a program of its own in lib/,
 * anything else is told to `onFile` by its path from the root.
 */
export function filesBesideCode(onFile: (path: string) => void): Plugin {
  return {
    name: 'files-beside-code',
    transform: {
      filter: { id: { include: /\.ts$/, exclude: /node_modules/ }, code: 'import.meta' },
      handler(code, id) {
        const moved = code.replace(BESIDE, (_, address: string) => {
          const target = join(dirname(id), address);
          const path = relative(ROOT, target);
          if (path.startsWith('..')) return this.error(`${id} looks for ${address}, outside of the tree`);
          if (path.endsWith('.ts')) {
            const fileName = `${basename(dirname(path))}-${basename(path, '.ts')}.js`;
            this.emitFile({ type: 'chunk', id: target, fileName });
            return `new URL('./${fileName}', import.meta.url)`;
          }
          if (path !== WEB && !existsSync(target)) return this.error(`${id} looks for ${address}, which is not there`);
          if (path !== WEB && path !== '') onFile(path);
          return `new URL('../${path}', import.meta.url)`;
        });
        // What is left is an address in a form that nobody moved: it would lead nowhere in the layer.
        const left = moved.replace(/new URL\('\.[^']*', import\.meta\.url\)/g, '').match(/import\.meta\.\w+/);
        if (left) return this.error(`${id} uses ${left[0]} in a way that the layer does not know`);
        return { code: moved, map: null };
      },
    },
  };
}
