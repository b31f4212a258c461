import { readFileSync } from 'node:fs';
import { type Client, createClient } from '@slipway/sdk';
import { badUsage } from './exit-code.ts';
import type { ServerOptions } from './options.ts';

/** Who sends the events that the command line makes. */
export const CLI_SOURCE = '/slipway-cli';

/** Talks to the server that flags and environment name, and lets go of it afterwards. */
export async function connected<T>(options: ServerOptions, deed: (client: Client) => Promise<T>): Promise<T> {
  const client = connect(options);
  try {
    return await deed(client);
  } finally {
    client.close();
  }
}

function connect(options: ServerOptions): Client {
  const token = tokenOf(options);
  try {
    return createClient({ server: options.server, source: CLI_SOURCE, token });
  } catch (error) {
    if (error instanceof TypeError) throw badUsage(error.message);
    throw error;
  }
}

/** A file wins over the variable, because it was named on this command line. */
function tokenOf({ token, tokenFile }: ServerOptions): string | undefined {
  if (tokenFile === undefined) return token === '' ? undefined : token;
  return readToken(tokenFile);
}

/** The first token of a file. It may be the server's own token file: there the token is the last word of a line. */
export function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw badUsage(`--token-file: ${error instanceof Error ? error.message : String(error)}`);
  }
  const line = text.split(/\r?\n/).find((candidate) => /^\s*[^\s#]/.test(candidate));
  const token = line?.trim().split(/\s+/).at(-1);
  if (token === undefined) throw badUsage(`--token-file: ${file} has no token in it`);
  if (token.startsWith('sha256:')) {
    throw badUsage(`--token-file: ${file} begins with the hash of a token: only who made the token has it`);
  }
  return token;
}
