import type { Refusal } from './problem.ts';
import { quote, refuse } from './problem.ts';

/** What a content type says about the bytes that it describes, as far as the codec must know. */
export interface MediaType {
  /** `type/subtype` in lower case, without parameters. */
  essence: string;
  /** The `charset` parameter in lower case. */
  charset: string | undefined;
}

/** How `data` of a type is held in an event: a JSON value, a string, or bytes (`data_base64`). */
export type DataKind = 'json' | 'text' | 'bytes';

export function readMediaType(contentType: string): MediaType {
  const semicolon = contentType.indexOf(';');
  if (semicolon === -1) return { essence: contentType.trim().toLowerCase(), charset: undefined };
  return {
    essence: contentType.slice(0, semicolon).trim().toLowerCase(),
    charset: charsetIn(contentType.slice(semicolon + 1)),
  };
}

function charsetIn(parameters: string): string | undefined {
  for (const parameter of parameters.split(';')) {
    const equals = parameter.indexOf('=');
    if (equals === -1 || parameter.slice(0, equals).trim().toLowerCase() !== 'charset') continue;
    const value = parameter
      .slice(equals + 1)
      .trim()
      .toLowerCase();
    return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return undefined;
}

/** True for UTF-8 and for ASCII, whose every text is UTF-8 too; true as well when nothing is said. */
export function isUtf8(media: MediaType): boolean {
  const { charset } = media;
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
}

/**
 * Absent means JSON, as the JSON format has it. Text in another character set is held as bytes: reading it would need
 * its tables, and a wrong guess would change it.
 */
export function dataKindOf(contentType: string | undefined): DataKind {
  if (contentType === undefined || contentType === 'application/json') return 'json';
  const media = readMediaType(contentType);
  if (isJson(media)) return 'json';
  return isText(media) && isUtf8(media) ? 'text' : 'bytes';
}

export function isJson({ essence }: MediaType): boolean {
  return essence.endsWith('/json') || essence.endsWith('+json');
}

function isText({ essence }: MediaType): boolean {
  return essence.startsWith('text/') || essence.endsWith('/xml') || essence.endsWith('+xml');
}

/** JSON has one encoding on the wire, UTF-8; what says otherwise is refused and not guessed at. */
export function refuseCharset(contentType: string | undefined): Refusal | undefined {
  if (contentType === undefined || !contentType.includes(';')) return undefined;
  const media = readMediaType(contentType);
  if (isUtf8(media)) return undefined;
  return refuse('unsupported-charset', `JSON is read as UTF-8 and not as ${quote(media.charset ?? '')}: send UTF-8`);
}
