import { type Command, Option } from 'commander';
import type { KitCommand } from './commands/kit.ts';
import { type OutputOptions, outputOption, parseSeconds } from './options.ts';
import type { Act } from './with-server.ts';

/** `slipway kit`. */
export function addKit(program: Command, act: Act): void {
  program
    .command('kit')
    .description('test a task service in any language: start it, and play the control plane to it')
    .argument('[command...]', 'starts the service; write it after --')
    .option('--inputs <file>', 'JSON: the task, how it connects, and an input for each thing that it can show')
    .option('--task <name>', 'instead of a file: the task')
    .option('--input <json>', 'with --task: an input with which it passes')
    .option('--connect <ways>', 'claim, push, nats; several with commas')
    .option('--only <cases>', 'ids or groups of cases, with commas')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .option('--list', 'show the cases')
    .addOption(new Option('--nats-server <program>', 'starts the broker for nats').default('nats-server'))
    .addOption(new Option('--timeout <seconds>', 'how long an answer may take').default(10).argParser(parseSeconds))
    .addOption(outputOption())
    .action((command: string[], options: KitCommand & OutputOptions) =>
      act(options, async (terminal) => {
        const { kit } = await import('./commands/kit.ts');
        return kit({ ...options, command, terminal });
      }),
    );
}
