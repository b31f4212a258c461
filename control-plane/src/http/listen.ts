import { isIP } from 'node:net';

export type Listen = { host: string; port: number };

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true;
  return bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/**
 * Whether a server may listen there. Without a token everybody who can reach the address can do everything, so then it
 * is loopback or nothing.
 */
export function checkListen(listen: Listen, hasTokens: boolean): { ok: true } | { ok: false; reason: string } {
  if (hasTokens || isLoopback(listen.host)) return { ok: true };
  const reason =
    `${listen.host === '' ? 'every address' : listen.host} can be reached from other machines and no token is configured: ` +
    'give --token-file FILE (SLIPWAY_TOKEN_FILE), or listen on 127.0.0.1';
  return { ok: false, reason };
}
