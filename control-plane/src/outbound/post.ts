import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { isPrivateAddress, putOwn } from '@slipway/contract';
import type { PostEvent } from '../runtime/outside.ts';

const BODY_MAX_BYTES = 65_536;
const PRIVATE_NAMES = /^(localhost|.*\.localhost|metadata\.google\.internal)\.?$/i;

export type PostOptions = {
  allowPrivate: boolean;
  /** All addresses of a name; the system's resolver unless said otherwise. */
  resolve?: (name: string) => Promise<readonly { address: string; family: number }[]>;
};

/**
 * Posts events to sinks. The name is resolved once and that very address is connected to, so that a name cannot answer
 * with a public address for the check and a private one for the connection. No redirects are followed, nothing is
 * decompressed, and no more than 64 KB and the time limit is given to an answer.
 */
export function makePost(options: PostOptions): PostEvent {
  return {
    refuses(sink) {
      const { hostname } = new URL(sink);
      const literal = hostname.replace(/^\[|\]$/g, '');
      const inside = isIP(literal) ? isPrivateAddress(literal) : PRIVATE_NAMES.test(literal);
      if (options.allowPrivate || !inside) return undefined;
      return `${hostname} is not a public address: start the control plane with --push-private true to allow sinks inside`;
    },
    send: (request) => sendTo(request, options),
  };
}

async function sendTo(
  { sink, json, mode, timeoutMs }: Parameters<PostEvent['send']>[0],
  { allowPrivate, resolve: resolveName = (name) => lookup(name, { all: true }) }: PostOptions,
): ReturnType<PostEvent['send']> {
  const url = new URL(sink);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolveName(host);
  const [first] = addresses;
  if (!first) throw new Error(`${host} has no address`);
  if (!allowPrivate && addresses.some((one) => isPrivateAddress(one.address))) {
    throw new Error(`refused-address: ${host} is not a public address, and --push-private is not set`);
  }
  const { headers, body } = encode(json, mode);
  return await new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        lookup: (_name, wish, done) =>
          typeof wish === 'object' && wish.all ? done(null, [first]) : done(null, first.address, first.family),
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const status = response.statusCode ?? 0;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= BODY_MAX_BYTES) {
            chunks.push(chunk);
            return;
          }
          // The status is the answer. So much is no event, and would be as much the next time.
          resolve({ status, body: undefined });
          request.destroy();
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const answer: Record<string, string> = {};
          for (const [name, value] of Object.entries(response.headers))
            if (typeof value === 'string') putOwn(answer, name, value);
          resolve({ status, body: text === '' ? undefined : { headers: answer, text } });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function encode(json: string, mode: 'binary' | 'structured'): { headers: Record<string, string>; body: string } {
  if (mode === 'structured')
    return { headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' }, body: json };
  const { data, ...attributes } = JSON.parse(json) as Record<string, unknown>;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'datacontenttype') continue;
    headers[`ce-${name}`] = encodeURI(String(value)).replaceAll("'", '%27');
  }
  return { headers, body: data === undefined ? '' : JSON.stringify(data) };
}
