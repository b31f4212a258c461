import { readFileSync } from 'node:fs';

/** The paths of the router, less the one that only leads on, that none of `looked` (paths with any search) is on. */
export function routesNotAmong(looked: readonly string[]): string[] {
  const source = readFileSync(new URL('../../src/app/router.tsx', import.meta.url), 'utf8');
  const known = [...source.matchAll(/\bpath: '([^']+)'/g)].map(([, path = '']) => path);
  if (known.length < 9) throw new Error('the routes are not written as they are looked for here');
  const paths = looked.map((path) => path.replace(/\?.*/, ''));
  const isLooked = (path: string): boolean =>
    paths.some((one) => new RegExp(`^${path.replace(/\$\w+/g, '[^/]+')}$`).test(one));
  return known.filter((path) => path !== '/' && !isLooked(path));
}
