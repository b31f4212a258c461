import { z } from 'zod';

/** `{items, next}`: newest first; `next` is absent on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const listQuery = {
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Rows per page, default 50'),
  cursor: z.string().min(1).max(512).optional().describe('`next` of the page before'),
};

export const timeQuery = {
  since: z.coerce.number().int().nonnegative().optional().describe('Accepted at or after, epoch ms'),
  until: z.coerce.number().int().nonnegative().optional().describe('Accepted before, epoch ms'),
};

export const nameQuery = z.string().min(1).max(256).optional();
