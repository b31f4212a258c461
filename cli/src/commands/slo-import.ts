import { writeFileSync } from 'node:fs';
import { importOpenSlo, OfflineProblem } from '@slipway/service-evaluate';
import { badUsage, exitCode } from '../exit-code.ts';
import { readInput, reasonOf, shownName } from '../input.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway slo import FILE [--sli FILE]`: OpenSLO v1 documents as slo.yaml, which is printed, and as sli.yaml. */
export async function sloImport(command: { file: string; sli?: string; terminal: Terminal }): Promise<number> {
  const { file, sli, terminal } = command;
  const text = await readInput(file);
  const imported = importedFrom(text, file);
  if (sli !== undefined) write(sli, imported.sli);
  if (terminal.format === 'json') {
    terminal.printJson(imported);
    return exitCode.done;
  }
  terminal.printFile(imported.slo);
  for (const note of imported.notes) terminal.note(terminal.errorPaint.yellow(note));
  if (sli === undefined) terminal.note('its queries: once more with --sli sli.yaml');
  return exitCode.done;
}

function importedFrom(text: string, file: string): ReturnType<typeof importOpenSlo> {
  try {
    return importOpenSlo(text);
  } catch (error) {
    if (error instanceof OfflineProblem) throw badUsage(`${shownName(file)}: ${error.message}`);
    throw error;
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw badUsage(`cannot write ${file}: ${reasonOf(error)}`);
  }
}
