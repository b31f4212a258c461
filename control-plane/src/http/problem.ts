import type { EventProblem, EventProblemCode, ProblemCode } from '@slipway/contract';
import { eventProblemStatus, problemStatus } from '@slipway/contract';
import type { RefusalError } from '../runtime/control-plane.ts';
import { Refusal } from '../runtime/control-plane.ts';
import { UnstackedError } from '../runtime/unstacked-error.ts';

/** A code of the contract, of either of its two tables. */
export type AnyProblemCode = ProblemCode | EventProblemCode;

/** What a request did wrong, or what went wrong with it, ready to be written as problem+json. */
export type Fault = {
  status: number;
  code: AnyProblemCode;
  detail: string;
  errors: readonly RefusalError[];
  retryAfterMs?: number | undefined;
  /** `Allow`, `WWW-Authenticate` and their like. */
  headers?: Readonly<Record<string, string>>;
  /** Set when it is ours: goes to the log, and never to the client. */
  cause?: unknown;
};

/** Thrown inside this room to end a request; the door writes its fault. */
export class Refused extends UnstackedError {
  override name = 'Refused';
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.detail);
    this.fault = fault;
  }
}

/** The client went away before it had sent everything: there is nobody to answer. */
export class ClientGone extends Error {
  override name = 'ClientGone';
}

const statusByCode: Readonly<Record<AnyProblemCode, number>> = { ...eventProblemStatus, ...problemStatus };

export function isProblemCode(code: string): code is AnyProblemCode {
  return Object.hasOwn(statusByCode, code);
}

type FaultDetails = Partial<Pick<Fault, 'status' | 'errors' | 'retryAfterMs' | 'headers' | 'cause'>>;

export function fault(code: AnyProblemCode, detail: string, more: FaultDetails = {}): Fault {
  return { status: statusByCode[code], code, detail, errors: [], ...more };
}

export function refused(code: AnyProblemCode, detail: string, more: FaultDetails = {}): Refused {
  return new Refused(fault(code, detail, more));
}

/** The codec's verdict on a message. */
export function faultOfEvent(problem: EventProblem): Fault {
  const { code, status, detail, pointer, line, column } = problem;
  const error: RefusalError = { code, detail };
  if (pointer !== undefined) error.pointer = pointer;
  if (line !== undefined) error.line = line;
  if (column !== undefined) error.column = column;
  return { status, code, detail, errors: [error] };
}

/**
 * What a thrown value means to a client. Only errors made for clients speak to them: everything else is `internal`, with
 * a reference to the log and nothing of the error itself.
 */
export function faultOfError(error: unknown, reference: () => string): Fault {
  if (error instanceof Refused) return error.fault;
  if (error instanceof Refusal) {
    return fault(error.code, error.message, { errors: error.errors, retryAfterMs: error.retryAfterMs });
  }
  const name = error instanceof Error ? error.name : '';
  // By name and not by class: the ports are out of this room's sight.
  if (name === 'StoreUnavailable') {
    const detail = 'the store does not answer: nothing was changed that was not acknowledged; try again';
    return fault('store-unavailable', detail, { cause: error });
  }
  if (name === 'BusUnavailable') {
    return fault('bus-unavailable', 'the bus is away: try again, a repeat is harmless', { cause: error });
  }
  if (name === 'InvalidCursor') {
    return fault('invalid-cursor', 'cursor is not one that this server gave out: use `next` of the page before');
  }
  const detail = `something went wrong here, not with the request; the log of the server has it under ${reference()}`;
  return fault('internal', detail, { cause: error });
}

/** The most a problem may weigh. A refused file is the exception: its list of problems is what was asked for. */
const PROBLEM_BYTES_MAX = 2048;
const FILE_PROBLEM_BYTES_MAX = 64 * 1024;
const FILE_CODES: ReadonlySet<string> = new Set(['invalid-shipyard', 'invalid-slo', 'invalid-sli']);
const DETAIL_MAX = 500;
const INSTANCE_MAX = 200;
const QUOTED_MAX = 120;

/** RFC 9457, within its bound: what does not fit is cut, and errors that do not fit are counted. */
export function problemText(from: Fault, instance: string): string {
  const maxBytes = FILE_CODES.has(from.code) ? FILE_PROBLEM_BYTES_MAX : PROBLEM_BYTES_MAX;
  const problem = {
    type: `/v1/docs#problem-${from.code}`,
    title: titleOf(from.code),
    status: from.status,
    detail: cut(from.detail, DETAIL_MAX),
    instance: cut(instance, INSTANCE_MAX),
    code: from.code,
    ...(from.retryAfterMs === undefined ? {} : { retryAfterMs: from.retryAfterMs }),
  };
  if (from.errors.length === 0) return JSON.stringify(problem);
  // Room for the sentence that says how many were left out.
  let bytes = Buffer.byteLength(JSON.stringify(problem)) + ', 10000 more are not shown","errors":[]'.length;
  const errors: RefusalError[] = [];
  for (const error of from.errors) {
    const shown = cutError(error);
    bytes += Buffer.byteLength(JSON.stringify(shown)) + 1;
    if (bytes > maxBytes) break;
    errors.push(shown);
  }
  const missing = from.errors.length - errors.length;
  if (missing > 0 && errors.length > 0) problem.detail += `; ${missing} more are not shown`;
  return JSON.stringify(errors.length > 0 ? { ...problem, errors } : problem);
}

function cutError(error: RefusalError): RefusalError {
  const shown: RefusalError = { code: cut(error.code, QUOTED_MAX), detail: cut(error.detail, DETAIL_MAX) };
  if (error.pointer !== undefined) shown.pointer = cut(error.pointer, INSTANCE_MAX);
  if (error.line !== undefined) shown.line = error.line;
  if (error.column !== undefined) shown.column = error.column;
  if (error.text !== undefined) shown.text = cut(error.text, QUOTED_MAX);
  if (error.nearest !== undefined) shown.nearest = cut(error.nearest, QUOTED_MAX);
  return shown;
}

/** `attempt-over` is titled "Attempt over". */
export function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ').replace(/\bjson\b/, 'JSON');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** By UTF-8 weight rather than by length: 500 characters may weigh 2 KB. */
function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  let shown = text.slice(0, maxBytes);
  while (Buffer.byteLength(shown) > maxBytes) shown = shown.slice(0, Math.floor(shown.length * 0.9));
  return `${shown.toWellFormed()}...`;
}

/** What somebody sent, safe to show in a sentence: quoted, cut, printable ASCII. */
export function quoted(text: string): string {
  const shown = JSON.stringify(text.slice(0, 60)).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > 60 ? `${shown}...` : shown;
}
