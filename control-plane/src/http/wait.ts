import type { ServerResponse } from 'node:http';
import type { Door } from './door.ts';
import { refused } from './problem.ts';

/** A signal for as long as the client waits: it fires when the client goes away or the door closes. Waits are bounded. */
export function clientSignal(door: Door, res: ServerResponse): Disposable & { signal: AbortSignal } {
  const { waitsMax } = door.limits;
  if (door.waits.size >= waitsMax)
    throw refused('overloaded', `${waitsMax} requests wait here already: try again later`);
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  door.waits.add(controller);
  res.on('close', abort);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      door.waits.delete(controller);
      res.off('close', abort);
    },
  };
}
