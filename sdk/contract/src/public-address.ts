type Net = readonly [address: string, prefix: number];

const NOT_PUBLIC_V4: readonly Net[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** All that was ever given out is in here; everything else is loopback, local, multicast or of no use. */
const PUBLIC_V6: Net = ['2000::', 3];
const NOT_PUBLIC_V6: readonly Net[] = [
  // Teredo, ORCHID and other assignments to protocols.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 leads to an IPv4 address of anybody's choice.
  ['2002::', 16],
  ['3fff::', 20],
];
/** The IPv4 address is the last 32 bits: mapped, and NAT64, which is all that a network of IPv6 alone has to offer. */
const WRAPS_V4: readonly Net[] = [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
];

/**
 * Whether an address is not a public one: loopback, private, link-local, metadata, multicast, documentation, and IPv6 that
 * carries such an IPv4 address. One guard for everything that asks where somebody else has said. A text that is no
 * address in its usual form is not public either.
 */
export function isPrivateAddress(address: string): boolean {
  const text = address.split('%', 1)[0] ?? '';
  const v4 = bytesOfV4(text);
  if (v4) return NOT_PUBLIC_V4.some((net) => isWithin(v4, net));
  const v6 = bytesOfV6(text);
  if (!v6) return true;
  if (WRAPS_V4.some((net) => isWithin(v6, net))) return isPrivateAddress(v6.slice(12).join('.'));
  return !isWithin(v6, PUBLIC_V6) || NOT_PUBLIC_V6.some((net) => isWithin(v6, net));
}

function isWithin(bytes: readonly number[], [net, prefix]: Net): boolean {
  const wanted = bytesOfV4(net) ?? bytesOfV6(net) ?? [];
  if (wanted.length !== bytes.length) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const mask = prefix - bit >= 8 ? 255 : (255 << (8 - (prefix - bit))) & 255;
    const index = bit / 8;
    if (((bytes[index] ?? 0) & mask) !== ((wanted[index] ?? 0) & mask)) return false;
  }
  return true;
}

/** Four decimal numbers alone: other forms that some resolvers read are no address here. */
function bytesOfV4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function bytesOfV6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : groupsOf(half)));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const known = head.length + (tail?.length ?? 0);
  if (tail === undefined ? known !== 16 : known > 14) return undefined;
  return [...head, ...Array.from({ length: 16 - known }, () => 0), ...(tail ?? [])];
}

function groupsOf(text: string): number[] | undefined {
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const v4 = index === groups.length - 1 ? bytesOfV4(group) : undefined;
    if (v4) bytes.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}
