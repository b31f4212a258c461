import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Permission } from '@slipway/contract';
import { isLoopback } from './listen.ts';
import { quoted, refused } from './problem.ts';
import type { Token } from './token-file.ts';

export type Caller = {
  name: string;
  /** open: nobody has to show a token here. none: one has to, and there was none or an unknown one. */
  way: 'open' | 'token' | 'cookie' | 'none';
  permissions: ReadonlySet<string> | '*';
};

const OPEN: Caller = { name: 'anonymous', way: 'open', permissions: '*' };
const NOBODY: Caller = { name: 'nobody', way: 'none', permissions: new Set<string>() };

const SESSION_COOKIE = 'slipway_session';
const CSRF_HEADER = 'x-slipway-csrf';

/** Who is asking, and whether they may. Without tokens everybody on this machine may do everything. */
export class Auth {
  readonly #tokens: readonly { asToken: Caller; asCookie: Caller; hash: Buffer }[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens.map(({ name, permissions, hash }) => ({
      asToken: { name, way: 'token', permissions },
      asCookie: { name, way: 'cookie', permissions },
      hash,
    }));
  }

  get open(): boolean {
    return this.#tokens.length === 0;
  }

  /** The caller, when `permission` is granted; throws 401 or 403 otherwise. Undefined: whoever has a token. */
  require(req: IncomingMessage, permission: Permission | undefined): Caller {
    if (this.open) {
      refuseStrangers(req);
      return OPEN;
    }
    const caller = this.identify(req.headers);
    if (permission === 'public') return caller;
    if (caller.way === 'none') throw unauthorized(req.headers);
    if (caller.way === 'cookie') refuseForgery(req);
    if (permission === undefined || caller.permissions === '*' || caller.permissions.has(permission)) return caller;
    throw refused(
      'forbidden',
      `the token ${caller.name} lacks the permission ${permission}: add it in the token file and restart Slipway, which reads the file at its start`,
    );
  }

  identify(headers: IncomingHttpHeaders): Caller {
    if (this.open) return OPEN;
    const { authorization } = headers;
    if (authorization !== undefined) {
      const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
      return (token === undefined ? undefined : this.#find(token)?.asToken) ?? NOBODY;
    }
    const cookie = cookieOf(headers.cookie);
    return (cookie === undefined ? undefined : this.#find(cookie)?.asCookie) ?? NOBODY;
  }

  /** The caller whose token this is. */
  check(token: string): Caller | undefined {
    return this.#find(token)?.asCookie;
  }

  /** Looks at every token, and at each for the same time. */
  #find(token: string): { asToken: Caller; asCookie: Caller } | undefined {
    const presented = hash('sha256', token, 'buffer');
    let found: { asToken: Caller; asCookie: Caller } | undefined;
    for (const one of this.#tokens) if (timingSafeEqual(one.hash, presented)) found = one;
    return found;
  }
}

function unauthorized(headers: IncomingHttpHeaders): Error {
  const detail =
    headers.authorization === undefined && headers.cookie === undefined
      ? 'this needs a token: send `Authorization: Bearer TOKEN`'
      : 'the token is not in the token file: send `Authorization: Bearer TOKEN` with one that is. After a change of the file, restart Slipway';
  return refused('unauthorized', detail, { headers: { 'www-authenticate': 'Bearer realm="slipway"' } });
}

/**
 * Without tokens the machine's own browser is the way in: a page from elsewhere may bind its name to 127.0.0.1 (DNS
 * rebinding: Host is then that name) or just send a form to it (Origin is then that page).
 */
function refuseStrangers(req: IncomingMessage): void {
  const { host, origin } = req.headers;
  if (host !== undefined && !isLoopback(hostnameOf(host))) {
    const detail =
      `Host ${quoted(host)} is not this machine: ask for http://127.0.0.1 or http://localhost, ` +
      'or start with a token file to be reached under other names';
    throw refused('forbidden', detail);
  }
  const via = FORWARDED.find((name) => req.headers[name] !== undefined);
  if (via !== undefined) {
    const detail =
      `the header ${via} says that this request came through a proxy, so it may be of another machine: ` +
      'start with a token file to be reached through one';
    throw refused('forbidden', detail);
  }
  if (req.method === 'GET' || req.method === 'HEAD') return;
  const site = req.headers['sec-fetch-site'];
  // A page on another port of this machine is another program's, though of the same site to a browser.
  const isForeign = origin === undefined ? isOfAnotherPage(site) : !isOwn(origin, host);
  if (!isForeign) return;
  const from = origin === undefined ? 'another page' : `a page from ${quoted(origin)}`;
  throw refused('forbidden', `${from} may not change anything here: start with a token file`);
}

/** What proxies add. One that adds none of them and sets `Host` to this machine cannot be told from a program on it. */
const FORWARDED = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
] as const;

function isOfAnotherPage(site: string | string[] | undefined): boolean {
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** The page came from this very host and port, under whichever of its names. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return isLoopback(url.hostname) && (host === undefined || url.host.toLowerCase() === host.toLowerCase());
}

function hostnameOf(host: string): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : (host.split(':', 1)[0] ?? '');
}

/** A form on another page can send the cookie in old browsers, but no header of its own. */
function refuseForgery(req: IncomingMessage): void {
  if (req.method === 'GET' || req.method === 'HEAD' || req.headers[CSRF_HEADER] !== undefined) return;
  throw refused('forbidden', `with the session cookie this needs the header \`${CSRF_HEADER}: 1\``);
}

/**
 * The cookie is the token itself, where scripts cannot read it: no session to keep or to lose, it holds on every
 * replica, and it ends with the token. (Signed sessions would need a key, and the one thing all replicas share, the
 * hashes, may be in other hands.)
 */
function cookieOf(header: string | undefined): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === SESSION_COOKIE && value) return Buffer.from(value, 'base64url').toString('utf8');
  }
  return undefined;
}

const SESSION_MAX_AGE_S = 12 * 3600;

/** `Set-Cookie` that holds the token, or that drops it. */
export function sessionCookie(token: string | undefined, headers: IncomingHttpHeaders): string {
  // Whether there is TLS in front is known to the browser alone, and it says so.
  const secure = headers.origin?.startsWith('https:') ? '; Secure' : '';
  const value = token === undefined ? '' : Buffer.from(token).toString('base64url');
  const maxAge = token === undefined ? 0 : SESSION_MAX_AGE_S;
  return `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure}`;
}
