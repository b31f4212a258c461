import type { SourceProblem } from '@slipway/contract';
import { lintShipyard, renderProblems } from '@slipway/control-plane/shipyard';
import { exitCode } from '../exit-code.ts';
import { readInput, shownName } from '../input.ts';
import { count } from '../output/count.ts';
import { linesOf } from '../output/paint.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway lint FILE...`: what the server would say to these shipyards, without a server. */
export async function lint(command: { files: readonly string[]; terminal: Terminal }): Promise<number> {
  const { files, terminal } = command;
  const checked: Checked[] = [];
  for (const file of files) {
    const text = await readInput(file);
    checked.push({ file: shownName(file), text, problems: lintShipyard(text) });
  }
  if (terminal.format === 'json') {
    terminal.printJson(checked.map(({ file, problems }) => ({ file, ok: errorsIn(problems) === 0, problems })));
  } else {
    for (const one of checked) terminal.print(...reportOf(one, terminal));
  }
  const errors = checked.reduce((sum, { problems }) => sum + errorsIn(problems), 0);
  return errors === 0 ? exitCode.done : exitCode.refused;
}

type Checked = { file: string; text: string; problems: readonly SourceProblem[] };

function reportOf({ file, text, problems }: Checked, { paint }: Terminal): string[] {
  const errors = errorsIn(problems);
  const warnings = problems.length - errors;
  const verdict = errors > 0 ? paint.red(`${count(errors, 'error')}`) : paint.green('ok');
  const summary = `${file}: ${verdict}${warnings > 0 ? `, ${count(warnings, 'warning')}` : ''}`;
  if (problems.length === 0) return [summary];
  const elsewhere = errors > 0 ? commandFor(file, text) : undefined;
  const hint = elsewhere === undefined ? [] : [`This does not look like a shipyard. To check it: ${elsewhere}`];
  return [...linesOf(renderProblems(text, file, problems)), '', summary, ...hint];
}

/** What a file may be that somebody took for a shipyard. */
function commandFor(file: string, text: string): string | undefined {
  if (/^(spec|kind):/m.test(text)) return undefined;
  if (/^objectives:/m.test(text)) return `slipway slo lint ${file}`;
  return /^indicators:/m.test(text) ? `slipway slo lint slo.yaml --sli ${file}` : undefined;
}

function errorsIn(problems: readonly SourceProblem[]): number {
  return problems.filter((problem) => problem.severity === 'error').length;
}
