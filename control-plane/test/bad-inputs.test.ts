import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * The table of bad inputs, row by row, with the tests that send each of them: over HTTP to a real server, over a real broker,
 * or to the reader of shipyards. What a row promises stands in its tests; here stands only that none is without one.
 */
const ROWS: readonly (readonly [row: string, ...tests: readonly string[]])[] = [
  ['empty body', 'http/bad-input: an empty body'],
  ['body {', 'http/bad-input: the body {'],
  ['no specversion, id, source or type', 'http/bad-input: `no ${name}`, 400'],
  [
    'specversion 0.3, 2.0, 1.0 as a number',
    'http/bad-input: specversion 0.3',
    'http/bad-input: specversion as a number',
  ],
  ['an id of 10 KB', 'http/bad-input: an id of 10 KB'],
  ['a source that is none', 'http/bad-input: a source that is no URI reference'],
  ['extension names', 'http/bad-input: an extension Bad-Name', 'http/bad-input: of more than 20 characters is taken'],
  [
    'extension values',
    'http/bad-input: an extension that is an object',
    'http/bad-input: an extension that is an array',
  ],
  ['data_base64 that is none', 'http/bad-input: data_base64 that is none'],
  ['a key twice', 'http/bad-input: a key twice', 'bus/bad-inputs: a key twice'],
  ['batches of 101, of 0, one bad of 10', 'http/bad-input: a batch of 101', 'http/events: one bad event of ten'],
  ['binary mode without ce-id', 'http/bad-input: binary mode without ce-id'],
  ['ce-datacontenttype', 'http/bad-input: ce-datacontenttype in binary mode'],
  ['other charsets', 'http/bad-input: charset utf-16', 'http/bad-input: charset iso-8859-1'],
  ['NUL in id, type, project', 'http/bad-input: NUL in the id', 'http/bad-input: NUL in the project'],
  ['a byte order mark', 'http/bad-input: a byte order mark before JSON is read over'],
  ['slow headers, a body that stalls', 'http/connection: a byte at a time', 'http/connection: a body that stalls'],
  [
    'lengths that contradict',
    'http/connection: two Content-Lengths',
    'http/connection: Content-Length and Transfer-Encoding',
    'http/connection: a body longer than its Content-Length',
  ],
  ['100,000 levels', 'http/bad-input: 100,000 levels of arrays', 'bus/bad-inputs: 1 MB of brackets'],
  ['a million keys', 'http/bad-input: a million keys', 'http/bad-input: 20,000 keys'],
  [
    '__proto__ and constructor',
    'http/bad-input: __proto__ in a project',
    'http/bad-input: changes no object',
    'shipyard/bad-yaml: __proto__ as a key',
  ],
  [
    '$where, a.b and empty keys',
    'http/bad-input: labels with keys that databases',
    'http/bad-input: comes back as it was sent',
  ],
  ['limits and cursors', 'http/bad-input: `limit=${limit}`', 'http/hostile: a cursor of another list'],
  ['an unknown field', 'http/bad-input: sorting by a field', 'http/bad-input: an unknown filter'],
  ['a pattern that blocks', 'shipyard/expression-limits: catastrophic patterns', 'http/hostile: for ever elsewhere'],
  ['a selector of 10 KB', 'http/hostile: a selector of 10 KB', 'http/hostile: 1,000 alternatives'],
  ['10,000 brackets of YAML', 'http/bad-input: [ 10,000 times', 'shipyard/bad-yaml: 10,000 open brackets'],
  ['tags of YAML', 'http/bad-input: a YAML tag', 'shipyard/bad-yaml: an object of Python'],
  [
    'other YAML',
    'http/bad-input: a YAML key twice',
    'http/bad-input: two YAML documents',
    'http/bad-input: a shipyard of 300 KB',
    'shipyard/bad-yaml: a tab in the indentation',
    "shipyard/bad-yaml: 'yes', 'no', 'on'",
  ],
  [
    'names',
    'http/bad-input: a project called',
    'http/bad-input: a stage called ../prod',
    'shipyard/problems: a right-to-left',
  ],
  ['a chain without end', 'http/hostile: a chain without end', 'http/hostile: buys no longer chain'],
  ['durations', 'shipyard/problems: a negative timeout', 'shipyard/problems: 366 days'],
  ['other template languages', 'http/hostile: braces of other template languages', 'shipyard/bad-yaml: are text'],
  [
    'a template of 10 MB',
    'http/hostile: a template that becomes too large',
    'shipyard/expression-limits: bounded as a whole',
  ],
  ['a webhook inside', 'outbound/post: is refused before anything is saved'],
  ['rebinding and mixed addresses', 'outbound/post: resolved once', 'outbound/post: when one of them is inside'],
  [
    'a compressed body, a form, UTF-16',
    'http/told-right: a compressed body is 415',
    'http/told-right: a form in binary mode',
  ],
  ['waits without end', 'http/shares: waits of a connection', 'http/shares: sends more requests than it reads'],
  ['patterns of types that match nothing', 'http/subscriptions: is refused with its place'],
  ['other schemes, passwords, line breaks', 'http/bad-input: a subscription to', 'outbound/post: hold line breaks'],
  [
    'what a webhook answers',
    'outbound/post: of 10 GB',
    'outbound/post: never ends',
    'outbound/post: a gzip bomb',
    'outbound/post: of 1xx and nothing else',
  ],
  ['every route with every token', 'http/auth: 401 without a token', 'http/auth: and with no other permission'],
  [
    'one project in the body, another in the path',
    'http/bad-input: a project that says it is another',
    'bus/bad-inputs: name two projects',
  ],
  ['paths', 'http/hostile: is nothing with a token, and tells nothing', 'http/bad-input: an encoded step upwards'],
  ['methods', 'http/routes: and says so to every other method', 'http/bad-input: another method, host or client'],
  ['commands out of place', 'http/bad-input: pausing twice is harmless'],
  ['the same id twice', 'http/events: with another body it is refused'],
  ['If-Match', 'http/bad-input: If-Match of another version', 'http/routes: If-Match protects it'],
  [
    'unknown project, unknown task',
    'http/bad-input: an unknown project',
    'bus/bad-inputs: a trigger without a project of ours',
  ],
  ['pages in labels', 'http/hostile: one with a page in it is text', '../../web/test/view: onerror=alert(1)'],
  [
    'Host and X-Forwarded',
    'http/auth: is refused with the way out',
    'http/hostile: no answer repeats the host',
    'http/hostile: from this machine still needs a token',
  ],
  ['more streams than the cap', 'http/hostile: may have 100 streams open'],
  ['log injection', 'http/bad-input: is one line of the log', 'http/hostile: is one line of JSON each'],
  [
    'bus: no event',
    'bus/bad-inputs: random bytes',
    "bus/bad-inputs: ['nothing'",
    'bus/bad-inputs: JSON that is no event',
  ],
  [
    'bus: answers to nothing',
    'bus/bad-inputs: to a run that there is not',
    'bus/bad-inputs: to an attempt that never was',
    'bus/bad-inputs: to the task of another service',
  ],
  ['bus: words and sizes', 'bus/bad-inputs: a result that there is not', 'bus/bad-inputs: of 5 MB'],
  ['bus: subject of another', 'bus/bad-inputs: of another project, which its subject'],
  ['registration', 'bus/bad-inputs: by wildcards serve nothing', 'bus/nats: one that says nonsense is not'],
  ['secrets', '../../cli/test/secrets: no token and no password comes out', 'http/auth: no token, and no part of one'],
  [
    'disk full, read-only, clock',
    'store/disk-full: a full disk: 503 and Retry-After',
    'store/disk-full: cannot be written',
    'store/clock: everything under way goes on',
  ],
];

test.each(ROWS)('%s', (_row, ...tests) => {
  for (const one of tests) {
    const [file = '', ...title] = one.split(': ');
    const path = fileURLToPath(new URL(`./${file}.test.ts`, import.meta.url));
    expect(readFileSync(path, 'utf8')).toContain(title.join(': '));
  }
});
