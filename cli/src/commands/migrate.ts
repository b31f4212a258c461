import { migrateShipyard } from '@slipway/control-plane/shipyard';
import { load, YAMLException } from 'js-yaml';
import { badUsage, exitCode } from '../exit-code.ts';
import { readInput, shownName } from '../input.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway migrate FILE`: prints the new shipyard alone on standard output, so that it can be redirected. */
export async function migrate({ file, terminal }: { file: string; terminal: Terminal }): Promise<number> {
  const text = await readInput(file);
  let document: unknown;
  try {
    document = load(text);
  } catch (error) {
    if (error instanceof YAMLException) throw badUsage(`${shownName(file)} is not YAML: ${error.reason}`);
    throw error;
  }
  try {
    const { text: written, notes } = migrateShipyard(document);
    terminal.print(...written.trimEnd().split('\n'));
    terminal.note(...notes.map((note) => `Note: ${note}`));
    return exitCode.done;
  } catch (error) {
    if (error instanceof TypeError) throw badUsage(`${shownName(file)} can't be migrated: ${error.message}`);
    throw error;
  }
}
