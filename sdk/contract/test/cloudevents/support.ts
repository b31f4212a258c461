import { expect } from 'vitest';
import type { CloudEvent, EventProblem, HttpMessage } from '../../src/cloudevents/index.ts';
import { decodeHttp } from '../../src/cloudevents/index.ts';

export const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
export const BATCH = { 'content-type': 'application/cloudevents-batch+json' };

/** The smallest event, and then whatever a test needs to be different about it. */
export function eventWith(members: Record<string, unknown> = {}): Record<string, unknown> {
  return { specversion: '1.0', id: 'A-1', source: '/ci', type: 'dev.build.triggered', ...members };
}

export function eventText(members: Record<string, unknown> = {}): string {
  return JSON.stringify(eventWith(members));
}

/** Headers of binary mode for the smallest event; undefined takes one away. */
export function binaryHeaders(headers: Record<string, string | undefined> = {}): Record<string, string | undefined> {
  return { 'ce-specversion': '1.0', 'ce-id': 'A-1', 'ce-source': '/ci', 'ce-type': 'dev.build.triggered', ...headers };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The problem of a message that must be refused. */
export function problemOf(message: HttpMessage): EventProblem {
  const decoded = decodeHttp(message);
  if (decoded.ok) expect.fail(`was accepted: ${JSON.stringify(decoded.events).slice(0, 200)}`);
  return decoded.problem;
}

/** The one event of a message that must be accepted. */
export function eventOf(message: HttpMessage): CloudEvent {
  const decoded = decodeHttp(message);
  if (!decoded.ok) expect.fail(`was refused: ${JSON.stringify(decoded.problem)}`);
  expect(decoded.events).toHaveLength(1);
  const [event] = decoded.events;
  return event ?? expect.fail('no event');
}
