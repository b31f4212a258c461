import { z } from 'zod';
import { namingText } from './naming-text.ts';
import { parseTypePattern } from './type-pattern.ts';

/** `{items, next}`: newest first; `next` is absent on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const listQuery = {
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Rows per page, default 50'),
  cursor: namingText(512).min(1).optional().describe('`next` of the page before'),
};

export const timeQuery = {
  since: z.coerce.number().int().nonnegative().optional().describe('Accepted at or after, epoch ms'),
  until: z.coerce.number().int().nonnegative().optional().describe('Accepted before, epoch ms'),
};

export const nameQuery = namingText(256).min(1).optional();

/** A type, or a pattern of types. One that has a wildcard and cannot be read is refused; any other finds nothing. */
export const typeQuery = namingText(256)
  .min(1)
  .superRefine((text, context) => {
    if (!/[*>]/.test(text)) return;
    const parsed = parseTypePattern(text);
    if (!parsed.ok) context.addIssue({ code: 'custom', message: `${parsed.problem} (column ${parsed.column})` });
  })
  .optional()
  .describe('A type, with `*` for any characters: `*.finished`, `dev.*`');
