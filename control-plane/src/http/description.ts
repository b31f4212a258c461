import { hash } from 'node:crypto';
import { openApiDocument } from '@slipway/contract';
import { docsPage } from './docs-page.ts';

const TAG_LENGTH = 8;

/** The API's description, made once: for programs, and for people. */
/** `tag`: of the shape of what is answered; it changes when a newer program says more. */
export type Description = { json: string; tag: string; html: string; htmlHeaders: string[] };

export function describe(): Description {
  const document = openApiDocument();
  const { html, headers } = docsPage(document);
  const json = JSON.stringify(document);
  return { json, tag: hash('sha256', json, 'hex').slice(0, TAG_LENGTH), html, htmlHeaders: headers };
}
