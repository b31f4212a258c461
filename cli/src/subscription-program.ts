import type { Command } from 'commander';
import type { SubscribeOptions } from './commands/subscriptions.ts';
import { limitOption, projectOption, type ServerOptions } from './options.ts';
import { type Act, withServer } from './with-server.ts';

const repeated = (text: string, before: readonly string[] = []): string[] => [...before, ...text.split(',')];

/** `slipway subscribe`, `slipway unsubscribe`. */
export function addSubscribing(program: Command, act: Act): void {
  withServer(program.command('subscribe'))
    .description('send events to an address as they happen (push)')
    .argument('<name>', 'of the subscription; an existing one is replaced')
    .argument('<sink>', 'http or https URL that gets each event as a POST')
    .option('--types <types>', 'event types, several with commas; * stands for any characters', repeated)
    .addOption(projectOption())
    .option('--stage <name>', 'only of this stage')
    .option('-s, --service <name>', 'only of this service')
    .option('--binary', 'binary mode: data as the body, attributes as headers')
    .action((id: string, sink: string, options: ServerOptions & SubscribeOptions) =>
      act(options, async (terminal) => {
        const { subscribe } = await import('./commands/subscriptions.ts');
        return subscribe({ ...options, id, sink, terminal });
      }),
    );

  withServer(program.command('unsubscribe'))
    .description('end a push subscription')
    .argument('<name>')
    .action((id: string, options: ServerOptions) =>
      act(options, async (terminal) => {
        const { unsubscribe } = await import('./commands/subscriptions.ts');
        return unsubscribe({ ...options, id, terminal });
      }),
    );
}

/** `slipway get subscriptions`. */
export function addSubscriptionReading(get: Command, act: Act): void {
  withServer(get.command('subscriptions'))
    .description('push subscriptions, with their last delivery or error')
    .addOption(limitOption())
    .option('--cursor <cursor>', 'the next page, as the page before said')
    .action((options: ServerOptions & { limit: number; cursor?: string }) =>
      act(options, async (terminal) => {
        const { getSubscriptions } = await import('./commands/subscriptions.ts');
        return getSubscriptions({ ...options, terminal });
      }),
    );
}
