import type { IncomingMessage, ServerResponse } from 'node:http';
import { claimRequestSchema, isKeptnName, parseDuration, routes } from '@slipway/contract';
import type { ClaimOptions } from '../runtime/control-plane.ts';
import { readJson } from './body.ts';
import type { Door } from './door.ts';
import { send, sendEmpty } from './door.ts';
import { quoted, refused } from './problem.ts';
import { readQuery } from './query.ts';
import { refusedBody } from './zod-fault.ts';

const BODY_BYTES_MAX = 16 * 1024;
const WAIT_MS_MAX = 60_000;
const LEASE_MS_MAX = 24 * 3600 * 1000;
const route = claimRoute();

/** `POST /v1/tasks/{task}/claim`. Resolves to the status. */
export async function claimTasks(
  door: Door,
  req: IncomingMessage,
  res: ServerResponse,
  spelled: string,
): Promise<number> {
  const caller = door.auth.require(req, 'tasks:claim');
  const task = decoded(spelled);
  if (!isKeptnName(task)) throw refused('invalid-name', `${quoted(task)} is not a task name: ${NAME_RULE}`);
  const options = optionsOf(req.url ?? '');
  const body = await readJson(req, BODY_BYTES_MAX);
  if (body === undefined) {
    throw refused('invalid-request', 'the body is empty: send who claims, such as {"source":"/my-service/1"}');
  }
  const request = claimRequestSchema.safeParse(body);
  if (!request.success) throw refusedBody(request.error, claimRequestSchema);
  let claimed: string[];
  if (options.waitMs === 0) claimed = await door.plane.claim(task, request.data, options);
  else {
    using client = door.waits.begin({ req, caller: caller.name });
    claimed = await door.plane.claim(task, request.data, { ...options, signal: client.signal });
  }
  if (claimed.length === 0) {
    sendEmpty(res, 204);
    return 204;
  }
  door.metrics.tasksClaimed(claimed.length);
  // They are JSON already: nothing is parsed to be written again.
  send(res, 200, 'application/cloudevents-batch+json; charset=utf-8', `[${claimed.join(',')}]`);
  return 200;
}

/** Of Keptn's names, some hold a percent sign. */
function decoded(spelled: string): string {
  if (!spelled.includes('%')) return spelled;
  try {
    return decodeURIComponent(spelled);
  } catch {
    return spelled;
  }
}

export const NAME_RULE = 'lower-case letters, digits and - inside, at most 63';

function optionsOf(url: string): ClaimOptions {
  const start = url.indexOf('?');
  if (start === -1) return { waitMs: 0, max: 1 };
  const { query } = readQuery(route, url.slice(start + 1));
  return {
    waitMs: durationOf('wait', query.wait, { allowZero: true, maxMs: WAIT_MS_MAX }) ?? 0,
    max: typeof query.max === 'number' ? query.max : 1,
    leaseMs: durationOf('lease', query.lease, { maxMs: LEASE_MS_MAX }),
  };
}

function durationOf(name: string, text: unknown, options: { allowZero?: boolean; maxMs: number }): number | undefined {
  if (typeof text !== 'string') return undefined;
  const parsed = parseDuration(text, options);
  if (parsed.ok) return parsed.ms;
  throw refused('invalid-parameter', `the parameter "${name}" is not valid: ${parsed.reason}`);
}

function claimRoute(): Extract<(typeof routes)[number], { id: 'claimTasks' }> {
  const found = routes.find((one) => one.id === 'claimTasks');
  if (found === undefined) throw new Error('the route table has no claimTasks');
  return found;
}
