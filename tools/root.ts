import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the clone. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where this clone keeps what its set-up installed: never committed, safe to delete. */
export const CACHE = join(ROOT, '.cache');
