import { writeFileSync } from 'node:fs';
import { badUsage, exitCode } from '../exit-code.ts';
import { readJsonArgument } from '../input.ts';
import { GROUPS } from '../kit/case.ts';
import { CASES } from '../kit/cases/all.ts';
import { type Connect, type KitFile, readConnects, readKitFile } from '../kit/inputs.ts';
import { detailOf, junitOf } from '../kit/report/junit.ts';
import { type Result, runKit } from '../kit/run-kit.ts';
import { count } from '../output/count.ts';
import type { Terminal } from '../output/terminal.ts';

export type KitCommand = {
  inputs?: string;
  task?: string;
  input?: string;
  connect?: string;
  only?: string;
  junit?: string;
  natsServer: string;
  timeout: number;
  list?: boolean;
};

/** `slipway kit -- COMMAND`: starts a task service, and plays the control plane to it. */
export async function kit(options: KitCommand & { command: readonly string[]; terminal: Terminal }): Promise<number> {
  const { command, terminal, natsServer } = options;
  if (options.list) return list(terminal);
  if (command.length === 0) throw badUsage('no service to start: slipway kit --inputs kit.json -- COMMAND');
  const file = await kitFileOf(options);
  const only = onlyOf(options.only);
  const onResult = (result: Result): void => {
    if (terminal.format === 'text') terminal.print(...linesOf(result, terminal));
  };
  const answerMs = options.timeout * 1000;
  const results = await runKit({ command, file, natsServer, only, answerMs, onResult });
  if (options.junit !== undefined) writeFileSync(options.junit, junitOf(results));
  if (terminal.format === 'json') terminal.printJson(results.map(jsonOf));
  else terminal.print('', summaryOf(results));
  return results.some(({ outcome }) => outcome === 'failed') ? exitCode.runFailed : exitCode.done;
}

function list(terminal: Terminal): number {
  const rows = CASES.map(({ id, group, title, over, advice }) => ({ id, group, title, over, advice: advice === true }));
  if (terminal.format === 'json') terminal.printJson(rows);
  else for (const { id, group, title } of rows) terminal.print(`${group.padEnd(13)} ${id.padEnd(24)} ${title}`);
  return exitCode.done;
}

async function kitFileOf({ inputs, task, input, connect }: KitCommand): Promise<KitFile> {
  if (inputs === undefined && task === undefined) {
    throw badUsage('which task? --inputs FILE, or --task NAME with --input JSON', [
      'docs/kit.md says what the file has',
    ]);
  }
  const given: unknown = inputs === undefined ? {} : await readJsonArgument(`@${inputs}`, '--inputs');
  const good = input === undefined ? {} : await readJsonArgument(input, '--input');
  const file = readKitFile(inputs === undefined ? { task, inputs: { good } } : given);
  const ways: readonly Connect[] = connect === undefined ? file.connect : readConnects(connect);
  return { ...file, connect: ways };
}

function onlyOf(only: string | undefined): string[] | undefined {
  if (only === undefined) return undefined;
  const words = only.split(',');
  const known: readonly string[] = [...GROUPS, ...CASES.map(({ id }) => id)];
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) throw badUsage(`no case or group is named ${unknown}`, ['slipway kit --list has all']);
  return words;
}

function linesOf(result: Result, { paint }: Terminal): string[] {
  const { case: one, connect, outcome, reason } = result;
  const marks = {
    passed: paint.green('passed  '),
    failed: paint.red('FAILED  '),
    warned: paint.yellow('advice  '),
    'left-out': paint.dim('left out'),
  };
  const line = `${marks[outcome]} ${connect.padEnd(5)} ${one.id.padEnd(24)} ${one.title}`;
  if (outcome === 'left-out') return [`${line} (${reason})`];
  return outcome === 'passed' ? [line] : [line, ...detailOf(result).map((text) => `    ${text}`)];
}

function summaryOf(results: readonly Result[]): string {
  const of = (outcome: Result['outcome']): number => results.filter((one) => one.outcome === outcome).length;
  const parts = [`${of('passed')} passed`, `${of('failed')} failed`];
  if (of('warned') > 0) parts.push(`${of('warned')} against the advice of the protocol`);
  if (of('left-out') > 0) parts.push(`${of('left-out')} left out`);
  return `${count(results.length, 'case')}: ${parts.join(', ')}`;
}

function jsonOf({ case: one, ...rest }: Result): object {
  return { id: one.id, group: one.group, title: one.title, ...rest, tookMs: Math.round(rest.tookMs) };
}
