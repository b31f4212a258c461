import type { IncomingMessage } from 'node:http';
import { notUtf8, readJsonBody } from '@slipway/contract';
import { ClientGone, faultOfEvent, quoted, Refused, refused } from './problem.ts';

/** The most that any route reads. */
export const BODY_BYTES_MAX = 8 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * The whole body as one buffer. A body over `maxBytes` is refused as soon as that is known, by its Content-Length before
 * a byte was read. How long it may take is the server's `requestTimeout`, which ends the connection with 408.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding.trim() !== '' && encoding.trim().toLowerCase() !== 'identity')
    return Promise.reject(encoded(encoding));
  const declared = req.headers['content-length'];
  if (declared === undefined && req.headers['transfer-encoding'] === undefined) return Promise.resolve(NOTHING);
  if (declared !== undefined && Number(declared) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        first = undefined;
        rest = undefined;
        // The rest flows on into nothing until the connection is closed, a moment after the answer.
        reject(tooLarge(maxBytes));
      } else if (first === undefined) first = chunk;
      else if (rest === undefined) rest = [first, chunk];
      else rest.push(chunk);
    });
    req.on('end', () => resolve(rest === undefined ? (first ?? NOTHING) : Buffer.concat(rest, length)));
    req.on('error', (cause) => reject(new ClientGone('the request was cut off', { cause })));
    req.on('close', () => {
      // Every request closes: an error (and its stack) is made only for the few that close early.
      if (!req.complete) reject(new ClientGone('the request was cut off'));
    });
  });
}

function encoded(encoding: string): Refused {
  const detail = `the body is encoded as ${quoted(encoding)}, which is not read here: send it without Content-Encoding`;
  return refused('unsupported-media-type', detail, { headers: { 'accept-encoding': 'identity' } });
}

function tooLarge(maxBytes: number): Refused {
  const size = maxBytes >= 1024 * 1024 ? `${maxBytes / 1024 / 1024} MB` : `${maxBytes / 1024} KB`;
  return refused('too-large', `the body is larger than ${size}, the most that is taken here`);
}

/** Content types under which a JSON body is read. curl's default for `-d` is among them, so that a newcomer's line works. */
const JSON_TYPE = /^(application\/([a-z0-9.+-]+\+)?json|application\/x-www-form-urlencoded)\s*(;|$)/i;

/** The JSON of a body; undefined when there is none. */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  const contentType = req.headers['content-type'];
  const body = await readBody(req, maxBytes);
  if (body.length === 0) return undefined;
  if (contentType !== undefined && !JSON_TYPE.test(contentType)) {
    throw refused('unsupported-media-type', 'this body is read as JSON: send content-type application/json');
  }
  const read = readJsonBody(body, contentType);
  if (!read.ok) throw new Refused(faultOfEvent(read.problem));
  return read.value;
}

/** Content types under which YAML is taken, curl's for `--data-binary` and `-T` among them. */
const TEXT_TYPE =
  /^(text\/[a-z0-9.+-]+|application\/([a-z0-9.+-]+\+)?(x-)?yaml|application\/octet-stream|application\/x-www-form-urlencoded)\s*(;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a body, exactly as it was sent. */
export async function readText(req: IncomingMessage, maxBytes: number): Promise<string> {
  const contentType = req.headers['content-type'];
  if (contentType !== undefined && !TEXT_TYPE.test(contentType)) {
    throw refused('unsupported-media-type', 'this body is YAML text: send content-type application/yaml');
  }
  const charset = CHARSET.exec(contentType ?? '')?.[1]?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw refused('unsupported-charset', 'text is read as UTF-8 and nothing else: send UTF-8');
  }
  const body = await readBody(req, maxBytes);
  if (body.length === 0) throw refused('empty-body', 'the body is empty: send the text of the file');
  try {
    return utf8.decode(body);
  } catch {
    throw refused('invalid-request', notUtf8(body));
  }
}
