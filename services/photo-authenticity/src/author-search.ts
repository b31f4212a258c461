import { readFileSync } from 'node:fs';
import { defineTask, outcome } from '@slipway/sdk';
import { z } from 'zod';

const directory = z
  .array(
    z.object({ id: z.string(), name: z.string(), aliases: z.array(z.string()), agency: z.string(), since: z.number() }),
  )
  .parse(JSON.parse(readFileSync(new URL('../data/photographers.json', import.meta.url), 'utf8')));

const input = z.object({
  authors: z.array(z.string().max(200)).max(100),
  index: z.number().optional().describe('Which part of a longer list this is'),
});

const output = z.object({
  found: z.array(
    z.object({ author: z.string(), id: z.string(), name: z.string(), agency: z.string(), since: z.number() }),
  ),
  unknown: z.array(z.string()),
});

/** Looks authors up in the directory of photographers that comes with the service; every one of them is made up. */
export const authorSearch = defineTask({
  name: 'author-search',
  input,
  output,
  run({ authors }) {
    const found: z.output<typeof output>['found'] = [];
    const unknown: string[] = [];
    for (const author of authors) {
      const known = byName.get(fold(author));
      if (known === undefined) unknown.push(author);
      else found.push({ author, id: known.id, name: known.name, agency: known.agency, since: known.since });
    }
    const searched = { found, unknown };
    if (authors.length === 0)
      return outcome({ result: 'warning', message: 'the photo names no author', output: searched });
    if (unknown.length === 0) return searched;
    return outcome({ result: 'warning', message: `not in the directory: ${unknown.join(', ')}`, output: searched });
  },
});

/** Names match without regard to case, accents and space. */
function fold(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();
}

const byName = new Map(
  directory.flatMap((one) => [one.name, ...one.aliases].map((name) => [fold(name), one] as const)),
);
