import { routes } from '@slipway/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  claimOne,
  field,
  finished,
  JSON_TYPE,
  openDoor,
  post,
  putShipyard,
  startRun,
  type TestDoor,
  trigger,
} from './door.ts';

/** One of each kind: C0, DEL, C1, bidi in all its blocks, line separators, and what once parted a batch. */
const HOSTILE = [
  ...'\u0000\u0001\u0002\u0003\n\r\u001b\u007f\u0085\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069',
];
const codeOf = (char: string): string => `U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

/** What is read by people or is no name: `putData` is data of an event, a token is compared and never shown. */
const FREE = new Set(['reason', 'token', 'slo', 'config']);
const BY_HAND = new Set(['sendEvents', 'putData']);

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor({ pushPrivate: true });
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

describe('a name with a character that shows another name is refused', () => {
  type Row = { id: string; where: string; send: (text: string) => Promise<{ status: number; json: unknown }> };
  const rows = routes.flatMap((route): Row[] => [
    ...paramsOf(route.path).map((name) => ({
      id: route.id,
      where: `{${name}}`,
      send: (text: string) => sendParam(route, name, text),
    })),
    ...queryOf(route).map((name) => ({
      id: route.id,
      where: `?${name}`,
      send: (text: string) => sendQuery(route, name, text),
    })),
    ...namesIn(route).map((path) => ({
      id: route.id,
      where: path.join('/'),
      send: (text: string) => sendBody(route, path, text),
    })),
  ]);

  test('every route with a name is looked at', () => {
    const where = rows.map(({ id, where }) => `${id} ${where}`);
    for (const known of [
      'claimTasks source',
      'claimTasks version',
      'putSubscription sink',
      'putSubscription types/0',
      'commandRun by',
      'invalidateEvaluation author',
      'startEvaluation labels/key',
      'listRuns ?label.key',
      'stream ?lastEventId',
      'getEvent {id}',
    ])
      expect(where).toContain(known);
  });

  test.each(rows)('$id $where', async ({ send }) => {
    for (const char of HOSTILE) {
      const { status, json } = await send(`a${char}b`);
      expect([codeOf(char), status >= 400 && status < 500, typeof field(json, 'code')]).toEqual([
        codeOf(char),
        true,
        'string',
      ]);
      expect(JSON.stringify(json)).not.toContain(char);
    }
  });
});

describe('in an event', () => {
  test.each([
    'id',
    'type',
    'source',
    'subject',
    'correlationid',
    'causationid',
    'triggeredid',
    'shkeptncontext',
    'gitcommitid',
  ])('the attribute %s', async (attribute) => {
    for (const char of HOSTILE) {
      const { status, json } = await post(door, { ...trigger(), [attribute]: `a${char}b` });
      expect([codeOf(char), status, field(json, 'code')]).toEqual([codeOf(char), 400, 'invalid-attribute']);
      expect(field(field(field(json, 'errors'), 0), 'pointer')).toBe(`/${attribute}`);
    }
  });

  test.each([
    ['project', '/data/project', (text: string) => ({ project: text })],
    ['stage', '/data/stage', (text: string) => ({ project: 'shop', stage: text })],
    ['service', '/data/service', (text: string) => ({ project: 'shop', service: text })],
    ['the value of a label', '/data/labels/team', (text: string) => ({ project: 'shop', labels: { team: text } })],
    ['the key of a label', '/data/labels/', (text: string) => ({ project: 'shop', labels: { [text]: 'x' } })],
  ])('%s', async (_what, pointer, data) => {
    for (const char of HOSTILE) {
      const { status, json } = await post(door, trigger({ data: data(`a${char}b`) }));
      expect([codeOf(char), status]).toEqual([
        codeOf(char),
        expect.toSatisfy((given) => given === 400 || given === 422),
      ]);
      if (pointer !== '/data/project') expect(field(field(field(json, 'errors'), 0), 'pointer')).toContain(pointer);
    }
  });

  test('a label of an answer', async () => {
    await startRun(door, trigger());
    const attempt = await claimOne(door, 'build');
    for (const char of HOSTILE) {
      const answer = await post(door, finished(attempt, { data: { labels: { team: `a${char}b` } } }));
      expect([codeOf(char), answer.status, field(answer.json, 'code')]).toEqual([codeOf(char), 422, 'invalid-input']);
    }
    expect((await post(door, finished(attempt, { data: { labels: { team: 'größe 🚀' } } }))).status).toBe(202);
  });
});

type AnyRoute = (typeof routes)[number];

function paramsOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).filter((name) => name !== 'command');
}

function queryOf(route: AnyRoute): string[] {
  const names = 'query' in route ? Object.keys(route.query.shape) : [];
  return 'labelQuery' in route ? [...names, 'label.key'] : names;
}

/** Where in a route's body there are texts that name something. */
function namesIn(route: AnyRoute): string[][] {
  if (!('body' in route) || BY_HAND.has(route.id) || 'bodyType' in route) return [];
  return textsIn(route.body, []).filter((path) => !path.some((step) => FREE.has(step)));
}

function textsIn(schema: unknown, path: string[]): string[][] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return textsIn(schema.unwrap(), path);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([key, inner]) => textsIn(inner, [...path, key]));
  if (schema instanceof z.ZodArray) return textsIn(schema.element, [...path, '0']);
  if (schema instanceof z.ZodRecord) return textsIn(schema.valueType, [...path, 'key']);
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum ? [path] : [];
}

function pathOf(route: AnyRoute, given: Record<string, string> = {}): string {
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(given[name] ?? KNOWN[name] ?? 'shop'),
  );
}

const KNOWN: Record<string, string> = {
  project: 'shop',
  stage: 'dev',
  service: 'cart',
  task: 'build',
  command: 'pause',
};

function sendParam(route: AnyRoute, name: string, text: string): ReturnType<TestDoor['ask']> {
  return door.ask(route.method, pathOf(route, { [name]: text }), bodyOf(route, {}));
}

function sendQuery(route: AnyRoute, name: string, text: string): ReturnType<TestDoor['ask']> {
  return door.ask(route.method, `${pathOf(route)}?${name}=${encodeURIComponent(text)}`, bodyOf(route, {}));
}

function sendBody(route: AnyRoute, path: readonly string[], text: string): ReturnType<TestDoor['ask']> {
  const value = path.reduceRight<unknown>((inner, step) => (step === '0' ? [inner] : { [step]: inner }), text);
  return door.ask(route.method, pathOf(route), bodyOf(route, value));
}

function bodyOf(route: AnyRoute, value: unknown): Parameters<TestDoor['ask']>[2] {
  if (route.method === 'GET' || route.method === 'DELETE') return {};
  const needed: Record<string, object> = {
    claimTasks: { source: '/w' },
    putSubscription: { sink: 'http://127.0.0.1:9/' },
  };
  return { headers: JSON_TYPE, body: JSON.stringify({ ...needed[route.id], ...(value as object) }) };
}
