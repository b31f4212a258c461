import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { eventProblemStatus, problemStatus, routes } from '../src/index.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/protocol.md', import.meta.url)), 'utf8');

test('docs/protocol.md asks every route once at least, with curl', () => {
  const asked = curlsOf(page).map(askOf);
  const missing = routes.filter(({ method, path }) => {
    const fits = new RegExp(`^${method} ${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    return !asked.some((one) => fits.test(one));
  });
  expect(missing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

test('docs/protocol.md has every code of a problem, with its status', () => {
  const rows = [...page.matchAll(/^\| (\d{3}) \| (.*) \|$/gm)];
  const told = rows.flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/`([a-z-]+)`/g)].map(([, code]) => `${status} ${code}`),
  );
  const real = Object.entries({ ...eventProblemStatus, ...problemStatus }).map(([code, status]) => `${status} ${code}`);
  expect(told.toSorted()).toEqual(real.toSorted());
});

/** Each from its `curl` to its status. */
function curlsOf(text: string): string[] {
  const base = /^HOTLINE=(\S+)$/m.exec(text)?.[1] ?? '';
  return text
    .replaceAll('$HOTLINE', base)
    .replaceAll('http://127.0.0.1:8484$DATA', 'http://127.0.0.1:8484/v1/data/$DATA')
    .split(/\bcurl /)
    .slice(1)
    .map((rest) => rest.split(/ {2}# \d{3}$/m)[0] ?? '');
}

/** `METHOD /path`, as curl would send it. */
function askOf(curl: string): string {
  const path = /http:\/\/127\.0\.0\.1:8484(\/[^\s?'"]*)/.exec(curl)?.[1] ?? '';
  const method = /-X (\w+)/.exec(curl)?.[1] ?? (/ (-d|--data-binary) /.test(curl) ? 'POST' : 'GET');
  return `${method} ${path}`;
}
