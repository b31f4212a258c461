import { basename } from 'node:path';
import { sloLint } from '@slipway/evaluation';
import { OfflineProblem, sloExplain, sloReport } from '@slipway/service-evaluate';
import { badUsage, exitCode } from '../exit-code.ts';
import { oneFromStandardInput, readInput, shownName } from '../input.ts';
import { writePage } from '../output/page-file.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway slo explain FILE --values FILE`: the decision as a table, with the sentence why. */
export async function sloExplainFile(command: {
  file: string;
  values: string;
  history?: string;
  html?: string;
  terminal: Terminal;
}): Promise<number> {
  const { file, values, history, html, terminal } = command;
  oneFromStandardInput(file, values, history);
  const request = {
    slo: await readInput(file),
    values: await readInput(values),
    ...(history === undefined ? {} : { history: await readInput(history) }),
    title: shownName(basename(file)),
  };
  try {
    const { text, json } = sloExplain(request);
    if (html !== undefined) writePage(html, sloReport(request));
    if (terminal.format === 'json') terminal.printJson(json);
    else terminal.print(...text.trimEnd().split('\n'));
    if (html !== undefined) terminal.note(terminal.errorPaint.dim(`the report is in ${html}`));
    return json.verdict === 'pass' || json.verdict === 'warning' ? exitCode.done : exitCode.runFailed;
  } catch (error) {
    if (!(error instanceof OfflineProblem)) throw error;
    const { errors } = sloLint(request.slo);
    throw badUsage(error.message, errors > 0 ? [`all that is wrong with it: slipway slo lint ${file}`] : []);
  }
}
