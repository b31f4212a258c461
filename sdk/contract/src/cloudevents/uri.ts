// URI references of RFC 3986. One pass over the characters finds most faults; only what has an authority with a bracket
// or an @ is looked at with patterns. Written for the hot path: `source` of every event comes here.

/** Why the text is no URI-reference (RFC 3986 section 4.1), or undefined when it is one. */
export function faultInUriReference(text: string): string | undefined {
  let hashes = 0;
  let brackets = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (kindOf[code] === PLAIN) continue;
    if (code === HASH) hashes++;
    else if (code === OPEN_BRACKET || code === CLOSE_BRACKET) brackets = true;
    else if (code !== PERCENT) return `has a character at ${at + 1} that may not stand in a URI: percent-encode it`;
    else if (!isHexDigit(text.charCodeAt(at + 1)) || !isHexDigit(text.charCodeAt(at + 2))) {
      return `has a percent sign at character ${at + 1} without two hexadecimal digits behind it`;
    }
  }
  if (hashes > 1) return 'has two fragments (#)';
  const schemeEnd = schemeEndOf(text);
  if (schemeEnd === NOT_A_SCHEME) {
    return 'has a colon before the first slash, but no URI scheme before it (a host alone is written //host:port)';
  }
  return faultBehindScheme(text, schemeEnd + 1, brackets);
}

/** Why the text is no URI with a scheme, or undefined when it is one. A fragment is allowed: schemas are named so. */
export function faultInUri(text: string): string | undefined {
  return faultInUriReference(text) ?? (schemeEndOf(text) === -1 ? 'has no scheme, such as https:' : undefined);
}

const HASH = 0x23;
const PERCENT = 0x25;
const SLASH = 0x2f;
const COLON = 0x3a;
const QUESTION = 0x3f;
const AT = 0x40;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const PLAIN = 1;
/** `PLAIN` for each character that needs no second look; percent, hash and brackets do. */
const kindOf = new Uint8Array(128);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?@!$&'()*+,;=") {
  kindOf[char.charCodeAt(0)] = PLAIN;
}

const NOT_A_SCHEME = -2;

/** Offset of the colon behind the scheme, -1 without one, or NOT_A_SCHEME when what stands there cannot be one. */
function schemeEndOf(text: string): number {
  let legal = isLetter(text.charCodeAt(0));
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COLON) return legal ? at : NOT_A_SCHEME;
    if (code === SLASH || code === QUESTION || code === HASH) return -1;
    legal &&= isLetter(code) || isDigit(code) || code === 0x2b || code === 0x2d || code === 0x2e;
  }
  return -1;
}

function faultBehindScheme(text: string, start: number, brackets: boolean): string | undefined {
  let end = start;
  if (text.charCodeAt(start) === SLASH && text.charCodeAt(start + 1) === SLASH) {
    let hostAlone = !brackets;
    for (end = start + 2; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === SLASH || code === QUESTION || code === HASH) break;
      if (code === COLON || code === AT) hostAlone = false;
    }
    const fault = hostAlone ? undefined : faultInAuthority(text.slice(start + 2, end));
    if (fault !== undefined) return fault;
  }
  return brackets && /[[\]]/.test(text.slice(end)) ? 'has a bracket that is not around an IPv6 address' : undefined;
}

function faultInAuthority(authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  if (authority.indexOf('@') !== at) return 'has two @ in its host part';
  if (/[[\]]/.test(authority.slice(0, at + 1))) return 'has a bracket that is not around an IPv6 address';
  const host = authority.slice(at + 1);
  const colon = host.indexOf(':');
  const literal = /^\[([^[\]]*)\](?::[0-9]*)?$/.exec(host);
  if (literal !== null) return isIpLiteral(literal[1] ?? '') ? undefined : 'has no IPv6 address between its brackets';
  if (/[[\]]/.test(host)) return 'has an IPv6 address that is not between two brackets';
  return colon === -1 || /^[0-9]*$/.test(host.slice(colon + 1)) ? undefined : 'has a port that is not a number';
}

function isIpLiteral(text: string): boolean {
  if (/^v[0-9a-f]+\.[^[\]/?#@%]+$/i.test(text)) return true;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const endsInIpv4 = !text.endsWith(':') && isIpv4(groups.at(-1) ?? '');
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups;
  const count = hex.length + (endsInIpv4 ? 2 : 0);
  return hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && (halves.length === 2 ? count <= 7 : count === 8);
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}
