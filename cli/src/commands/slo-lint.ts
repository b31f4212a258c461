import type { SourceProblem } from '@slipway/contract';
import { renderProblems } from '@slipway/control-plane/shipyard';
import { type LintProblem, type LintResult, sliLint, sloLint } from '@slipway/evaluation';
import { badUsage, exitCode } from '../exit-code.ts';
import { oneFromStandardInput, readInput, shownName } from '../input.ts';
import { count } from '../output/count.ts';
import { linesOf } from '../output/paint.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway slo lint FILE... [--sli FILE]`: what is wrong with objectives and queries, and where a quirk of Keptn will bite. */
export async function sloLintFiles(command: {
  files: readonly string[];
  sli?: string;
  terminal: Terminal;
}): Promise<number> {
  const { files, sli, terminal } = command;
  if (files.length === 0 && sli === undefined) throw badUsage('name a slo.yaml, or a sli.yaml with --sli');
  if (files.length > 1 && sli !== undefined)
    throw badUsage('--sli goes with one slo.yaml: its SLIs are looked up there');
  oneFromStandardInput(...files, sli);
  const checked: Checked[] = [];
  for (const file of files) {
    const text = await readInput(file);
    checked.push({ file: shownName(file), text, result: sloLint(text) });
  }
  if (sli !== undefined) {
    const text = await readInput(sli);
    checked.push({ file: shownName(sli), text, result: sliLint(text, checked[0]?.text) });
  }
  if (terminal.format === 'json') {
    terminal.printJson(
      checked.map(({ file, result: { errors, problems } }) => ({
        file,
        ok: errors === 0,
        problems: problems.map(flat),
      })),
    );
  } else {
    for (const one of checked) terminal.print(...reportOf(one, terminal));
  }
  return checked.every(({ result }) => result.errors === 0) ? exitCode.done : exitCode.refused;
}

type Checked = { file: string; text: string; result: LintResult };

function reportOf({ file, text, result }: Checked, { paint }: Terminal): string[] {
  const { errors, warnings, problems } = result;
  const infos = problems.length - errors - warnings;
  const verdict = errors > 0 ? paint.red(count(errors, 'error')) : paint.green('ok');
  const rest = [warnings > 0 ? count(warnings, 'warning') : '', infos > 0 ? count(infos, 'remark') : ''];
  const summary = [`${file}: ${verdict}`, ...rest.filter((part) => part !== '')].join(', ');
  return problems.length === 0
    ? [summary]
    : [...linesOf(renderProblems(text, file, problems.map(rendered))), '', summary];
}

/** As the problems of a shipyard are shown, which has no mere remarks: they say so in front of their code. */
function rendered(problem: LintProblem): SourceProblem {
  const { severity, code, message, path, place } = problem;
  return {
    severity: severity === 'warning' ? 'warning' : 'error',
    code: severity === 'info' ? `remark ${code}` : code,
    // It may quote a text of the file in which YAML has already turned "\e" into an escape.
    message,
    pointer: path,
    ...(place ?? START),
  };
}

/** In JSON a problem has its place as that of a shipyard has. */
function flat({ place, ...problem }: LintProblem): object {
  return { ...problem, ...(place ?? START) };
}

/** Of what is missing from the file as a whole. */
const START = { line: 1, column: 1 };
