import { openApiDocument } from '@slipway/contract';
import { docsPage } from './docs-page.ts';

/** The API's description, made once: for programs, and for people. */
export type Description = { json: string; html: string; htmlHeaders: string[] };

export function describe(): Description {
  const document = openApiDocument();
  const { html, headers } = docsPage(document);
  return { json: JSON.stringify(document), html, htmlHeaders: headers };
}
