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
  let text: string;
  try {
    text = readFileSync(tokenFile, 'utf8');
  } catch (error) {
    throw badUsage(`--token-file: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [line = ''] = text.trimStart().split(/\r?\n/, 1);
  if (line.trim() === '') throw badUsage(`--token-file: ${tokenFile} has no token in its first line`);
  return line.trim();
}
