import type { Command } from 'commander';
import { type OutputOptions, runFilterOptions, serverOptions } from './options.ts';
import type { Terminal } from './output/terminal.ts';

/** What a command does once its words are understood; answers the exit code. */
export type Deed = (terminal: Terminal) => Promise<number>;
/** Does it, and turns whatever goes wrong into words and an exit code. */
export type Act = (options: OutputOptions, deed: Deed) => Promise<void>;

/** Talks to a server. */
export function withServer(command: Command): Command {
  for (const option of serverOptions()) command.addOption(option);
  return command;
}

/** Is about the runs of a filter; `states` says which ones there are. */
export function filtered(command: Command, states: string): Command {
  for (const option of runFilterOptions(states)) command.addOption(option);
  return command;
}
