import { type ContextView, runPhaseLabels } from '@slipway/contract';
import { connected } from '../connection.ts';
import { exitCode } from '../exit-code.ts';
import type { ServerOptions } from '../options.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';
import { colourOf } from '../progress/task-words.ts';

type Row = ContextView['runs'][number] & { depth: number };

/** `slipway get context ID`. */
export function getContext(command: ServerOptions & { id: string; terminal: Terminal }): Promise<number> {
  const { id, terminal } = command;
  return connected(command, async (client) => {
    const context = await client.getContext({ correlationid: id });
    if (terminal.format === 'json') {
      terminal.printJson(context);
      return exitCode.done;
    }
    const { paint } = terminal;
    const now = Date.now();
    const columns = [
      { title: 'SEQUENCE', value: (run: Row) => `${'  '.repeat(run.depth)}${run.stage}.${run.sequence}` },
      { title: 'SERVICE', value: (run: Row) => run.service ?? '' },
      { title: 'STATE', value: (run: Row) => colourOf(run, paint)(runPhaseLabels[run.phase]) },
      { title: 'ACCEPTED', value: (run: Row) => relativeTime(run.acceptedAt, now) },
      { title: 'RUN', value: (run: Row) => run.id },
    ];
    terminal.print(...formatTable(inTree(context.runs), columns, paint));
    return exitCode.done;
  });
}

/** Each run below the one whose end triggered it. */
function inTree(runs: ContextView['runs']): Row[] {
  const known = new Set(runs.map(({ id }) => id));
  const below = (parent: string | undefined, depth: number): Row[] =>
    runs
      .filter(
        ({ triggeredBy }) => (triggeredBy !== undefined && known.has(triggeredBy) ? triggeredBy : undefined) === parent,
      )
      .flatMap((run) => [{ ...run, depth }, ...below(run.id, depth + 1)]);
  return below(undefined, 0);
}
