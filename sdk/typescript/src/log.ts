import { printableJson } from '@slipway/contract';

/** Where the SDK says what happens; a pino logger fits as it is. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One JSON line each, to stderr, so that stdout stays the service's own. */
export const stderrLogger: Logger = {
  info: (fields, message) => write('info', fields, message),
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
};

export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} };

function write(level: string, fields: object, message: string): void {
  process.stderr.write(`${printableJson(JSON.stringify({ level, at: Date.now(), ...fields, message }))}\n`);
}

/** The text of whatever was thrown, with the causes that brought it about. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
}
