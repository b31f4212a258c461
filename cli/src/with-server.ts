import type { Command } from 'commander';
import { type OutputOptions, serverOptions } from './options.ts';
import type { Terminal } from './output/terminal.ts';

/** What a command does once its words are understood; answers the exit code. */
export type Deed = (terminal: Terminal) => Promise<number>;
/** Does it, and turns whatever goes wrong into words and an exit code. */
export type Act = (options: OutputOptions, deed: Deed) => Promise<void>;

export function withServer(command: Command): Command {
  for (const option of serverOptions()) command.addOption(option);
  return command;
}
