import { isName, isObject, type JsonObject } from '@slipway/contract';
import { badUsage } from '../exit-code.ts';

export type Connect = 'claim' | 'push' | 'nats';
const CONNECTS: readonly Connect[] = ['claim', 'push', 'nats'];

/** Inputs that bring about what a case wants to see. Cases whose input is missing are left out, and the report says so. */
export const INPUT_NAMES = {
  good: 'the task ends with pass, within a second',
  wrong: 'the task refuses it as invalid',
  slow: 'the task takes 1 to 3 seconds, and ends with pass',
  progress: 'the task reports progress and ends within 3 seconds',
  failing: 'the task ends as errored, and may be tried again',
  terminal: 'the task ends as errored, and must not be tried again',
  retryAfter: 'the task ends as errored, and says when to try again',
  warning: 'the task ends with the result warning',
  fail: 'the task succeeds with the result fail',
  largeOutput: 'the output has more than 1 MB, and less than 7',
} as const;
export type InputName = keyof typeof INPUT_NAMES;

/** What the author says of the service: the file behind `--inputs`. */
export interface KitFile {
  task: string;
  connect: readonly Connect[];
  inputs: Partial<Record<InputName, unknown>> & { good: unknown };
  /** A member of the good input that takes a long text. */
  largeMember: string | undefined;
  /** Cases that this service is known not to pass, with the reason. */
  except: Readonly<Record<string, string>>;
}

/** Reads the file; throws a CommandFailure that names the member and the way out. */
export function readKitFile(value: unknown): KitFile {
  if (!isObject(value)) throw badUsage('the inputs are not a JSON object: {"task": "...", "inputs": {"good": {...}}}');
  const unknown = Object.keys(value).filter((name) => !MEMBERS.includes(name));
  if (unknown.length > 0) throw badUsage(`the inputs have no member ${unknown[0]}: there are ${MEMBERS.join(', ')}`);
  const { task, connect = ['claim'], inputs, largeMember, except = {} } = value;
  if (typeof task !== 'string' || !isName(task)) throw badUsage('/task: the name of the task to test');
  if (!isObject(inputs) || inputs.good === undefined)
    throw badUsage('/inputs/good: an input with which the task passes');
  const strange = Object.keys(inputs).find((name) => !Object.hasOwn(INPUT_NAMES, name));
  if (strange !== undefined) throw badUsage(`/inputs/${strange}: there are ${Object.keys(INPUT_NAMES).join(', ')}`);
  if (!isObject(except)) throw badUsage('/except: the ids of cases, each with the reason');
  if (largeMember !== undefined && typeof largeMember !== 'string')
    throw badUsage('/largeMember: the name of a member');
  return { task, connect: readConnects(connect), inputs: withGood(inputs), largeMember, except: reasonsOf(except) };
}

const MEMBERS: readonly string[] = ['task', 'connect', 'inputs', 'largeMember', 'except'];

function withGood(inputs: JsonObject): KitFile['inputs'] {
  return { ...inputs, good: inputs.good };
}

function reasonsOf(except: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(except).map(([id, reason]) => [id, String(reason)]));
}

export function readConnects(value: unknown): Connect[] {
  const words = Array.isArray(value) ? value : String(value).split(',');
  return words.map((word: unknown) => {
    const found = CONNECTS.find((one) => one === word);
    if (found === undefined) throw badUsage(`${JSON.stringify(word)} is not a transport: write ${CONNECTS.join(', ')}`);
    return found;
  });
}
