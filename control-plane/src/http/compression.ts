import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import { send } from './door.ts';

/** Below this a packet is not saved. */
const BYTES_MIN = 1024;
/** JSON of lists repeats itself: a higher level costs more time than it saves bytes. */
const LEVEL = 4;

/** Whether a client takes a coding: named in Accept-Encoding, or by `*`, and not with q=0. */
export function accepts(req: IncomingMessage, coding: 'br' | 'gzip'): boolean {
  const header = req.headers['accept-encoding'];
  if (header === undefined) return false;
  let any = false;
  for (const part of String(header).toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((one) => one.trim());
    const isRefused = parameters.some((one) => /^q\s*=\s*0(\.0*)?$/.test(one));
    if (name === coding) return !isRefused;
    if (name === '*') any = !isRefused;
  }
  return any;
}

type Answer = { status: number; contentType: string; text: string; headers?: readonly string[] | undefined };

/** As `send`, compressed where that saves something and the client takes it. Off the event loop: lists may have megabytes. */
export function sendCompressed(
  req: IncomingMessage,
  res: ServerResponse,
  { status, contentType, text, headers = [] }: Answer,
): void {
  const varying = [...headers, 'vary', 'accept-encoding'];
  if (text.length < BYTES_MIN || !accepts(req, 'gzip')) {
    send(res, status, contentType, text, varying);
    return;
  }
  gzip(text, { level: LEVEL }, (error, body) => {
    if (res.destroyed || res.headersSent) return;
    if (error) send(res, status, contentType, text, varying);
    else send(res, status, contentType, body, [...varying, 'content-encoding', 'gzip']);
  });
}
