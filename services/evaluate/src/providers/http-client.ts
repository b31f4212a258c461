import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { isPrivateAddress } from '@slipway/sdk';
import { excerpt, ProviderFault } from './fault.ts';

/** Larger answers are cut off: a value is a number, and so are a million samples. */
const BODY_MAX_BYTES = 5 * 1024 * 1024;

export interface HttpRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The whole exchange: a server that sends one byte a second is as silent as one that sends none. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** True for addresses that the operator configured; what an author wrote must be public or on the operator's list. */
  readonly trusted: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** One exchange without redirects: where they lead nobody has checked. Every failure is a `ProviderFault`. */
export async function exchange(given: HttpRequest): Promise<HttpAnswer> {
  const { url, timeoutMs, signal } = given;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ProviderFault('refused', `${url.protocol}//… is not asked: use an http or https address`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ProviderFault('refused', 'the address holds a user name or password: use a header instead');
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  const both = AbortSignal.any([signal, timeout]);
  try {
    return await send(given, await resolve(given, both), both);
  } catch (error) {
    if (error instanceof ProviderFault) throw error;
    if (timeout.aborted && !signal.aborted) {
      throw new ProviderFault('transport', `no whole answer within ${timeoutMs} ms: is it up and fast enough?`, {
        cause: error,
      });
    }
    signal.throwIfAborted();
    throw new ProviderFault('transport', `no answer (${reasonOf(error)}): is it up, and is the address right?`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return excerpt(error.message === '' ? code : error.message);
}

/** The address is looked up once, checked, and then used: a name that answers differently the second time gains nothing. */
async function resolve({ url, trusted }: HttpRequest, signal: AbortSignal): Promise<LookupAddress> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  const found = family === 0 ? await aborted(lookup(host, { all: true }), signal) : [{ address: host, family }];
  const first = found[0];
  if (first === undefined) throw new Error(`${host} has no address`);
  // All of them must be public: which one is taken is not the author's to choose.
  if (!trusted && found.some(({ address }) => isPrivateAddress(address))) {
    const message = `refused-address: ${url.host} is not a public address; let the operator configure it as a source or allow it`;
    throw new ProviderFault('refused', message);
  }
  return first;
}

/** A lookup cannot be cancelled, but nobody has to wait for it. */
function aborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}

function send(given: HttpRequest, address: LookupAddress, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, method = 'GET', headers, body } = given;
  const { promise, resolve: done, reject } = Promise.withResolvers<HttpAnswer>();
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'slipway-evaluate',
      ...headers,
    },
    signal,
    agent: false,
    // Node asks for all addresses or for one, depending on its settings.
    lookup: (_, options, callback) => {
      if (options.all) callback(null, [address]);
      else callback(null, address.address, address.family);
    },
  });
  request.on('error', reject);
  request.on('response', (response) => {
    collect(response).then(
      (text) => done({ status: response.statusCode ?? 0, headers: headersOf(response), text }),
      reject,
    );
  });
  request.end(body);
  return promise;
}

async function collect(response: IncomingMessage): Promise<string> {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    response.destroy();
    throw new ProviderFault('garbage', `answered ${excerpt(encoding)}-encoded although that was not asked for`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > BODY_MAX_BYTES) {
      response.destroy();
      const megabytes = BODY_MAX_BYTES / 1024 / 1024;
      throw new ProviderFault(
        'caller',
        `the answer is larger than ${megabytes} MB: ask for fewer series or a longer step`,
      );
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
