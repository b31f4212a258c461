import { readFileSync } from 'node:fs';
import { buffer as readStream } from 'node:stream/consumers';
import { readJsonBody } from '@slipway/contract';
import { load, YAMLException } from 'js-yaml';
import { badUsage, CommandFailure } from './exit-code.ts';

/** The text of a file, or of standard input when it is called `-`. */
export async function readInput(file: string): Promise<string> {
  return file === '-' ? decoded(await readStream(process.stdin), 'standard input') : readTextFile(file);
}

/** The text of a file, or a failure that says why it cannot be read. */
export function readTextFile(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw badUsage(`cannot read ${file}: ${reasonOf(error)}`);
  }
  return decoded(bytes, file);
}

/** UTF-8, with or without the mark that editors on Windows put in front. */
function decoded(bytes: Buffer, where: string): string {
  const [first, second] = bytes;
  if (
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (bytes.length > 1 && second === 0)
  ) {
    throw badUsage(`${where} is UTF-16: save it as UTF-8`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badUsage(`${where} is not UTF-8: save it as UTF-8`);
  }
}

/** How a file is called in what a command prints. */
export function shownName(file: string): string {
  return file === '-' ? '<stdin>' : file;
}

/** Refuses `-` for more than one of these files: standard input can be read once. */
export function oneFromStandardInput(...files: readonly (string | undefined)[]): void {
  if (files.filter((file) => file === '-').length > 1) throw badUsage('only one file can be -, standard input');
}

/** The value of `--data`: JSON, `@FILE`, or `-` for standard input. */
export async function readJsonArgument(argument: string, flag: string): Promise<unknown> {
  const isFile = argument.startsWith('@');
  const text = isFile || argument === '-' ? await readInput(isFile ? argument.slice(1) : '-') : argument;
  return parseJsonInput(text, isFile ? argument.slice(1) : flag);
}

/** JSON that a person wrote, or a failure with the place of the fault. */
export function parseJsonInput(text: string, where: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // A number that would be changed here is refused here: the server would never see what was written.
    const read = readJsonBody(new TextEncoder().encode(text));
    if (!read.ok && read.problem.code === 'malformed-json') throw badUsage(`${where}: ${read.problem.detail}`);
    return value;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const position = /at position (\d+)/.exec(reason)?.[1];
    const place = position === undefined ? '' : `, ${lineAndColumn(text, Number(position))}`;
    throw badUsage(`${where} is not valid JSON${place}: ${reason.replace(/ \(line \d+ column \d+\)$/, '')}`);
  }
}

/** YAML that a person wrote, or a failure with the place of the fault. */
export function parseYamlInput(text: string, where: string): unknown {
  try {
    return load(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place =
      error.mark === null || error.mark === undefined ? '' : `, ${lineAndColumn(text, error.mark.position)}`;
    throw badUsage(`${where} is not valid YAML${place}: ${error.reason}`);
  }
}

function lineAndColumn(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Why a file could not be read or written, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'ENOTDIR') return 'a part of the path is not a folder';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'not allowed';
  return error instanceof Error ? error.message : String(error);
}
