import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Bug } from './bugs.ts';

const CONTROL_PLANE = fileURLToPath(new URL('..', import.meta.url));

/** From now on the file of this bug is loaded with it, in this thread. Answers how to ask whether that has happened. */
export function plant(bug: Bug): { planted(): boolean } {
  let planted = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.startsWith('file:') || fileURLToPath(url) !== `${CONTROL_PLANE}${bug.file}`) return loaded;
      const source = String(loaded.source);
      const parts = source.split(bug.find);
      if (parts.length !== 2)
        throw new Error(
          `the bug '${bug.name}' does not fit ${bug.file} any more: its text is there ${parts.length - 1} times`,
        );
      planted = true;
      return { ...loaded, source: parts.join(bug.replace) };
    },
  });
  return { planted: () => planted };
}
