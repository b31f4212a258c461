import type { Msg } from '@nats-io/transport-node';
import { faultInNamingText, isKeptnName, isObject } from '@slipway/contract';
import type { ServiceHello } from '../bus.ts';

const BYTES_MAX = 65_536;
const TASKS_MAX = 256;
const TEXT_MAX = 256;

/** What a service says of itself, or undefined when it makes no sense. It is for people to see, so nothing depends on it. */
export function readHello(message: Msg, at: number): ServiceHello | undefined {
  if (message.data.length > BYTES_MAX) return undefined;
  let said: unknown;
  try {
    said = message.json();
  } catch {
    return undefined;
  }
  if (!isObject(said) || !isText(said.source) || !Array.isArray(said.tasks)) return undefined;
  const tasks = said.tasks.filter(isKeptnName).slice(0, TASKS_MAX);
  return isText(said.version)
    ? { source: said.source, tasks, version: said.version, at }
    : { source: said.source, tasks, at };
}

function isText(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && value.length <= TEXT_MAX && faultInNamingText(value) === undefined
  );
}
