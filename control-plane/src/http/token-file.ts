import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { nearestName, routes } from '@slipway/contract';

/** Somebody who may call. The token itself is not kept. */
export type Token = {
  name: string;
  permissions: ReadonlySet<string> | '*';
  /** SHA-256 of the token. */
  hash: Buffer;
};

/** Every permission that a route of the table asks for. */
export const permissions: ReadonlySet<string> = new Set(
  routes.map((route) => route.permission).filter((permission) => permission !== 'public'),
);

const TOKEN_LENGTH_MIN = 16;
const TOKEN_LENGTH_MAX = 512;
const TOKENS_MAX = 1000;

/**
 * Reads the token file. One token a line: `NAME PERMISSIONS TOKEN`, with spaces between.
 *
 * ```
 * # who      may                        token, or its SHA-256 in hex
 * ci         events:write,runs:read     f3b1c2...
 * web        *                          sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 * ```
 *
 * A line with nothing but a token may do everything. Throws with all problems at once, by line, and never shows a token.
 */
export function readTokenFile(path: string, warn: (message: string) => void): Token[] {
  let text: string;
  try {
    if (isReadByOthers(path)) warn(`${path} can be read by others: chmod 600 ${path}`);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`the token file ${path} cannot be read: ${cause instanceof Error ? cause.message : 'no reason'}`, {
      cause,
    });
  }
  const read = parseTokens(text);
  if (!read.ok) throw new Error(`the token file ${path} has problems:\n${read.problems.join('\n')}`);
  return read.tokens;
}

function isReadByOthers(path: string): boolean {
  // Permissions of files mean something else on Windows.
  if (process.platform === 'win32') return false;
  const { mode, uid } = statSync(path);
  // A file of somebody else that is meant for us can only reach us by its group: so Kubernetes hands out Secrets.
  const others = uid === process.getuid?.() ? 0o077 : 0o007;
  return (mode & others) !== 0;
}

export function parseTokens(text: string): { ok: true; tokens: Token[] } | { ok: false; problems: string[] } {
  const tokens: Token[] = [];
  const problems: string[] = [];
  const names = new Set<string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const fields = line.trim().split(/\s+/);
    if (fields[0] === '' || fields[0]?.startsWith('#')) continue;
    const token = parseLine(fields, index + 1);
    if (typeof token === 'string') problems.push(`line ${index + 1}: ${token}`);
    else if (names.has(token.name)) problems.push(`line ${index + 1}: the name ${token.name} is used before`);
    else tokens.push(token);
    if (typeof token !== 'string') names.add(token.name);
  }
  if (tokens.length === 0 && problems.length === 0) {
    problems.push('it holds no token: write one a line, such as `openssl rand -hex 24` prints');
  }
  if (tokens.length > TOKENS_MAX) problems.push(`it holds more than ${TOKENS_MAX} tokens`);
  return problems.length === 0 ? { ok: true, tokens } : { ok: false, problems };
}

/** A token, or what is wrong with the line. */
function parseLine(fields: readonly string[], line: number): Token | string {
  const [first = '', second = '', third = ''] = fields;
  if (fields.length !== 1 && fields.length !== 3) {
    return `has ${fields.length} fields: write NAME PERMISSIONS TOKEN, or a token alone`;
  }
  const secret = fields.length === 1 ? first : third;
  const hashed = hashOf(secret);
  if (typeof hashed === 'string') return hashed;
  if (fields.length === 1) return { name: `token-${line}`, permissions: '*', hash: hashed };
  if (!/^[A-Za-z0-9._@-]{1,64}$/.test(first)) return 'a name has 1 to 64 letters, digits and . _ @ -';
  if (second === '*') return { name: first, permissions: '*', hash: hashed };
  const wanted = second.split(',').filter((permission) => permission !== '');
  for (const permission of wanted) {
    if (permissions.has(permission)) continue;
    const nearest = nearestName(permission, permissions);
    const hint = nearest === undefined ? `there are ${[...permissions].join(', ')} and *` : `did you mean ${nearest}?`;
    return `${JSON.stringify(permission.slice(0, 60))} is not a permission: ${hint}`;
  }
  return { name: first, permissions: new Set(wanted), hash: hashed };
}

function hashOf(secret: string): Buffer | string {
  if (secret.startsWith('sha256:')) {
    const hex = secret.slice('sha256:'.length);
    return /^[0-9a-fA-F]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : 'sha256: is followed by 64 hexadecimal digits';
  }
  // SHA-256 without salt hides only what cannot be guessed.
  if (secret.length < TOKEN_LENGTH_MIN) return `a token has at least ${TOKEN_LENGTH_MIN} characters`;
  if (secret.length > TOKEN_LENGTH_MAX) return `a token has at most ${TOKEN_LENGTH_MAX} characters`;
  if (!/^[\x21-\x7e]+$/.test(secret)) return 'a token is printable ASCII';
  return hash('sha256', secret, 'buffer');
}
