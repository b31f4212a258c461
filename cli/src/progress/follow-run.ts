import type { RunView } from '@slipway/contract';
import { type Client, ServerUnreachable } from '@slipway/sdk';
import { openLiveArea } from '../output/live-area.ts';
import type { Terminal } from '../output/terminal.ts';
import { runChanges } from './run-changes.ts';
import { runFrame } from './run-frame.ts';
import { type Unserved, watchUnserved } from './unserved.ts';

export type Followed =
  | { end: 'finished'; run: RunView }
  | { end: 'timed-out'; run: RunView | undefined }
  | { end: 'interrupted'; run: RunView | undefined };

/** The stream says when to look; this is how often we look when it says nothing. */
const LOOK_EVERY_MS = 2_000;
/** However much happens, we look no more often. */
const LOOK_GAP_MS = 60;
const REDRAW_MS = 100;
/** A server that restarts is back by then. */
const AWAY_MAX_MS = 20_000;

/**
 * Shows a run until it ends, the time is over, or `signal` says to stop: redrawn in place on a terminal, a line for each
 * change into a pipe, nothing for JSON. A parked run counts as ended: nothing goes on until a person looks.
 */
export async function followRun(options: {
  client: Client;
  id: string;
  terminal: Terminal;
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<Followed> {
  const { client, id, terminal, timeoutMs } = options;
  const deadline = Date.now() + timeoutMs;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const view = openView(terminal);
  const news = openNews(client, id, signal);
  const unservedIn = watchUnserved(client, id);
  let run: RunView | undefined;
  let awaySince: number | undefined;
  try {
    for (;;) {
      try {
        run = await client.getRun({ run: id }, { signal });
        awaySince = undefined;
        view.show(run, await unservedIn(run, signal));
      } catch (error) {
        if (options.signal.aborted) return { end: 'interrupted', run };
        if (!(error instanceof ServerUnreachable)) throw error;
        awaySince ??= Date.now();
        // Never seen: the address is wrong. Seen: it restarts.
        if (run === undefined || Date.now() - awaySince > AWAY_MAX_MS) throw error;
      }
      if (run?.state === 'finished' || run?.state === 'parked') return { end: 'finished', run };
      const left = deadline - Date.now();
      if (left <= 0) return { end: 'timed-out', run };
      await pause(Math.min(LOOK_GAP_MS, left), signal);
      await news.next(Math.min(LOOK_EVERY_MS, left));
      if (options.signal.aborted) return { end: 'interrupted', run };
    }
  } finally {
    stop.abort();
    view.end();
    await news.ended;
  }
}

type View = { show: (run: RunView, unserved: readonly Unserved[]) => void; end: () => void };

function openView(terminal: Terminal): View {
  const told = new Set<string>();
  const newOf = (unserved: readonly Unserved[]): Unserved[] =>
    unserved.filter(({ task }) => !told.has(task) && told.add(task));
  if (terminal.format === 'json') {
    return { show: (_, unserved) => terminal.note(...newOf(unserved).flatMap(unservedLines)), end: () => {} };
  }
  let last: RunView | undefined;
  let waiting: readonly Unserved[] = [];
  if (!terminal.live) {
    return {
      show: (run, unserved) => {
        terminal.print(...runChanges(last, run), ...newOf(unserved).flatMap(unservedLines));
        last = run;
      },
      end: () => {},
    };
  }
  const { paint } = terminal;
  const area = openLiveArea(terminal);
  const frameOf = (run: RunView): string[] => [
    ...runFrame(run, { now: Date.now(), paint }),
    ...waiting.flatMap(unservedLines).map(paint.yellow),
  ];
  const draw = (): void => {
    if (last !== undefined) area.draw(frameOf(last));
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    show: (run, unserved) => {
      last = run;
      waiting = unserved;
      draw();
    },
    end: () => {
      clearInterval(timer);
      draw();
      area.end();
    },
  };
}

function unservedLines({ sentence, hint }: Unserved): string[] {
  return hint === undefined ? [sentence] : [sentence, `    ${hint}`];
}

type News = {
  /** Resolves when something happened since the last call, or after `ms`. */
  next: (ms: number) => Promise<void>;
  ended: Promise<void>;
};

/** Word from the server that the run changed. Without it we would still look, only later. */
function openNews(client: Client, run: string, signal: AbortSignal): News {
  let heard = false;
  let wake = (): void => {};
  const tell = (): void => {
    heard = true;
    wake();
  };
  signal.addEventListener('abort', tell, { once: true });
  const listen = async (): Promise<void> => {
    try {
      for await (const _ of client.stream({ run }, { signal })) tell();
    } catch {
      // The looks will meet the same error and tell it better.
    }
  };
  return {
    ended: listen(),
    next: async (ms) => {
      if (!heard) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, ms);
        await promise;
        clearTimeout(timer);
      }
      heard = false;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const done = (): void => {
    clearTimeout(timer);
    resolve();
  };
  signal.addEventListener('abort', done, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', done));
}
