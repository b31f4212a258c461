import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { makeFaultLog } from '../../src/http/fault-log.ts';
import type { Fault } from '../../src/http/problem.ts';

test.each([
  ['store-unavailable', 503, 'error'],
  ['internal', 500, 'error'],
  ['overloaded', 503, 'warn'],
  ['draining', 503, 'warn'],
  ['forbidden', 403, 'warn'],
  ['malformed-json', 400, 'info'],
])('%s (%i) is logged as %s', (code, status, level) => {
  const { log, lines } = logged();
  log(fault(code, status), { path: '/v1/events' });
  expect(lines()).toMatchObject([{ level, code, status, path: '/v1/events' }]);
});

test('of many refusals a bounded number is logged; what is our own fault always is', () => {
  const { log, lines } = logged();
  for (let index = 0; index < 500; index++) log(fault('malformed-json', 400), {});
  log(fault('internal', 500), {});
  expect(lines().filter(({ code }) => code === 'malformed-json')).toHaveLength(100);
  expect(lines().filter(({ code }) => code === 'internal')).toHaveLength(1);
});

function fault(code: string, status: number): Fault {
  return { code, status, detail: 'what happened', cause: new Error('why') } as Fault;
}

function logged(): { log: ReturnType<typeof makeFaultLog>; lines(): Record<string, unknown>[] } {
  const written: string[] = [];
  const to = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      done();
    },
  });
  const log = pino({ formatters: { level: (level) => ({ level }) } }, to);
  return { log: makeFaultLog(log), lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}
