import { createInterface } from 'node:readline';
import { CommandFailure, exitCode } from '../exit-code.ts';
import { shown } from './paint.ts';
import type { Terminal } from './terminal.ts';

/**
 * Before what cannot be undone: passes with `--yes`, asks the person at a terminal, and refuses where nobody can be asked.
 * `would` says what would happen, such as `12 open runs would be aborted`.
 */
export async function agree(options: { would: string; yes: boolean; terminal: Terminal }): Promise<void> {
  const { would, yes, terminal } = options;
  if (yes) return;
  if (process.stdin.isTTY !== true || terminal.format === 'json') {
    throw new CommandFailure(would, {
      exitCode: exitCode.refused,
      details: ['--yes does it, --dry-run only shows it'],
      problem: { code: 'not-confirmed', detail: `${would}: --yes does it` },
    });
  }
  if (await saysYes(`${would}: go on? [y/N] `)) return;
  throw new CommandFailure('nothing was done', { exitCode: exitCode.refused });
}

/** Ctrl-C and Ctrl-D say no. */
async function saysYes(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const { promise, resolve } = Promise.withResolvers<string>();
  lines.on('close', () => resolve(''));
  lines.on('SIGINT', () => lines.close());
  lines.question(shown(question), resolve);
  const answer = await promise;
  lines.close();
  return /^\s*y(es)?\s*$/i.test(answer);
}
