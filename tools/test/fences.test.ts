import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../root.ts';
import { plantTree } from './planted-tree.ts';

interface Violation {
  readonly what: string;
  readonly path: string;
  readonly text: string;
  /** What the fence says, beside the path. */
  readonly says: string;
}

const ENGINE = 'control-plane/src/engine';
const EVALUATION = 'sdk/evaluation/src';
const code = (...lines: string[]): string => `${lines.join('\n')}\n`;

const TYPES: Violation[] = [
  {
    what: 'an index that may be missing is used unseen',
    path: `${ENGINE}/planted-index.ts`,
    text: code('export const first = (list: readonly string[]): string => list[0];'),
    says: 'TS2322',
  },
  {
    what: 'syntax that Node cannot strip',
    path: 'sdk/typescript/src/planted-enum.ts',
    text: code('export enum Planted {', '  one,', '}'),
    says: 'TS1294',
  },
];

const PURE: Violation[] = [
  ['a timer', 'setTimeout(() => {}, 1);', "'setTimeout'"],
  ['the process', 'export const planted = process.pid;', "'process'"],
  ['the network', "export const planted = fetch('http://127.0.0.1');", "'fetch'"],
  ['a log', 'console.log(1);', "'console'"],
  ['randomness', 'export const planted = crypto.randomUUID();', "'crypto'"],
  ['a file', "export { readFileSync } from 'node:fs';", "'node:fs'"],
].flatMap(([what, text, says]) =>
  [ENGINE, 'control-plane/src/shipyard', 'control-plane/src/projection', 'sdk/contract/src', EVALUATION].map(
    (room) => ({
      what: `${what} in ${room}`,
      path: `${room}/planted-${what?.replaceAll(' ', '-')}.ts`,
      text: code(text ?? ''),
      says: says ?? '',
    }),
  ),
);

const STYLE: Violation[] = [
  ['a clock', 'clock', 'export const planted = (): number => Date.now();', 'noRestrictedGlobals'],
  ['a clock by another name', 'clock-too', 'export const planted = (): unknown => globalThis;', 'noRestrictedGlobals'],
  ['randomness', 'random', 'export const planted = (): number => Math.random();', 'noJsRestrictedProperties'],
  ['randomness taken apart', 'random-too', 'export const { random } = Math;', 'noJsRestrictedProperties'],
  ['a log', 'log', 'export const planted = (): void => console.log(1);', 'noRestrictedGlobals'],
  ['a timer', 'timer', 'export const planted = (): unknown => setTimeout(() => {}, 1);', 'noRestrictedGlobals'],
  ['any', 'any', 'export const planted = (value: any): string => value;', 'noExplicitAny'],
  [
    'an assertion that something is there',
    'bang',
    'export const planted = (v?: string): string => v!;',
    'noNonNullAssertion',
  ],
  ['a default export', 'default', 'export default 1;', 'noDefaultExport'],
  ['everything exported', 'star', "export * from './decide.ts';", 'noReExportAll'],
  ['four spaces', 'format', 'export function planted(): number {\n    return 1;\n}', 'format'],
  ['a name that is not kebab-case', 'camelCase', 'export const planted = 1;', 'useFilenamingConvention'],
].map(([what, name, text, says]) => ({
  what: what ?? '',
  path: `${ENGINE}/planted-${name}.ts`,
  text: code(text ?? ''),
  says: says ?? '',
}));
for (const violation of STYLE.filter(({ what }) => ['a clock', 'randomness', 'a timer', 'a log'].includes(what))) {
  const { what, path } = violation;
  STYLE.push({ ...violation, what: `${what} in ${EVALUATION}`, path: path.replace(ENGINE, EVALUATION) });
}
const notFromTheClock = [
  ['time', 'time', 'export const planted = (): number => Date.now();', 'noRestrictedGlobals'],
  ['a timer', 'timer', 'export const planted = (): unknown => setTimeout(() => {}, 1);', 'noRestrictedGlobals'],
  ['chance', 'chance', 'export const planted = (): number => Math.random();', 'noJsRestrictedProperties'],
  ['an id', 'id', "export { randomUUID } from 'node:crypto';", 'noRestrictedImports'],
];
for (const room of ['control-plane/src/runtime', 'control-plane/simulation']) {
  for (const [what = '', name = '', text = '', says = ''] of notFromTheClock) {
    const path = `${room}/planted-${name}.ts`;
    STYLE.push({ what: `${what} that is not from the clock, in ${room}`, path, text: code(text), says });
  }
}
STYLE.push({
  what: 'a test that is skipped',
  path: 'control-plane/test/planted-skip.test.ts',
  text: code("import { test } from 'vitest';", '', "test.skip('planted', () => {});"),
  says: 'noSkippedTests',
});
STYLE.push({
  what: 'a promise of another file that nobody waits for',
  path: 'control-plane/src/runtime/planted-floating.ts',
  text: code(
    "import type { Bus } from '../bus/bus.ts';",
    '',
    'export function planted(bus: Bus): void {',
    "  bus.publish('a');",
    '}',
  ),
  says: 'noFloatingPromises',
});

const plantedImport = (rule: string, from: string, to: string): Violation => ({
  what: `${rule}: ${from} imports ${to}`,
  path: `${from}/planted-${rule}-${to.replaceAll(/[^a-z]+/g, '-').replaceAll(/^-|-$/g, '')}.ts`,
  text: code(`import * as planted from '${to}';`, '', 'export { planted };'),
  says: `error ${rule}:`,
});

const CONTROL_PLANE = 'control-plane/src';
const IMPORTS: Violation[] = [
  plantedImport('contract', 'sdk/contract/src', '@slipway/sdk'),
  plantedImport('contract', 'sdk/contract/src', 'node:crypto'),
  plantedImport('engine', ENGINE, 'node:fs'),
  plantedImport('engine', ENGINE, 'fs'),
  plantedImport('engine', ENGINE, 'zod'),
  plantedImport('engine', ENGINE, '../shipyard/parse.ts'),
  plantedImport('engine', ENGINE, '../store/store.ts'),
  plantedImport('shipyard', `${CONTROL_PLANE}/shipyard`, 'node:fs'),
  plantedImport('shipyard', `${CONTROL_PLANE}/shipyard`, '../engine/decide.ts'),
  plantedImport('projection', `${CONTROL_PLANE}/projection`, '../runtime/runtime.ts'),
  plantedImport('projection-engine-types', `${CONTROL_PLANE}/projection`, '../engine/decide.ts'),
  plantedImport('store-port', `${CONTROL_PLANE}/store`, './sqlite/open.ts'),
  plantedImport('store-port', `${CONTROL_PLANE}/store`, 'node:fs'),
  plantedImport('store-adapter', `${CONTROL_PLANE}/store/sqlite`, '../../runtime/runtime.ts'),
  plantedImport('store-adapter', `${CONTROL_PLANE}/store/mongo`, 'express'),
  plantedImport('store-engine-types', `${CONTROL_PLANE}/store/mongo`, '../../engine/decide.ts'),
  plantedImport('adapter-alone', `${CONTROL_PLANE}/store/mongo`, '../sqlite/open.ts'),
  plantedImport('bus-port', `${CONTROL_PLANE}/bus`, '../store/store.ts'),
  plantedImport('bus-adapter', `${CONTROL_PLANE}/bus/nats`, '../../http/door.ts'),
  plantedImport('bus-adapter', `${CONTROL_PLANE}/bus/local`, '../../engine/decide.ts'),
  plantedImport('runtime', `${CONTROL_PLANE}/runtime`, '../store/sqlite/open.ts'),
  plantedImport('runtime', `${CONTROL_PLANE}/runtime`, '../http/door.ts'),
  plantedImport('runtime', `${CONTROL_PLANE}/runtime`, 'mongodb'),
  plantedImport('http', `${CONTROL_PLANE}/http`, '../engine/decide.ts'),
  plantedImport('http', `${CONTROL_PLANE}/http`, '../store/sqlite/open.ts'),
  plantedImport('only-main-knows-adapters', CONTROL_PLANE, './bus/nats/open.ts'),
  plantedImport('only-main-knows-adapters', `${CONTROL_PLANE}/runtime`, '../outbound/post.ts'),
  plantedImport('outbound', `${CONTROL_PLANE}/outbound`, '../http/door.ts'),
  plantedImport('outbound-runtime-types', `${CONTROL_PLANE}/outbound`, '../runtime/runtime.ts'),
  plantedImport('known-room', CONTROL_PLANE, './planted-room/planted.ts'),
  {
    what: 'settings: they import a room that acts',
    path: `${CONTROL_PLANE}/settings.ts`,
    text: code("export { advance } from './runtime/runtime.ts';"),
    says: 'error settings:',
  },
  plantedImport('nobody-imports-main', `${CONTROL_PLANE}/http`, '../main.ts'),
  plantedImport('driver-mongodb', `${CONTROL_PLANE}/store/sqlite`, 'mongodb'),
  plantedImport('driver-mongodb', 'cli/src', 'mongodb'),
  plantedImport('driver-postgres', `${CONTROL_PLANE}/store/sqlite`, 'pg'),
  plantedImport('driver-sqlite', `${CONTROL_PLANE}/store/mongo`, 'node:sqlite'),
  plantedImport('driver-sqlite', 'services/checknumber/src', 'node:sqlite'),
  plantedImport('driver-nats', `${CONTROL_PLANE}/runtime`, '@nats-io/transport-node'),
  plantedImport('driver-nats', 'bench', '@nats-io/transport-node'),
  plantedImport('nobody-imports-simulation', CONTROL_PLANE, '../simulation/main.ts'),
  plantedImport('simulation', 'control-plane/simulation', 'node:net'),
  plantedImport('simulation', 'control-plane/simulation', '../src/main.ts'),
  plantedImport('sdk', 'sdk/typescript/src', '../../../control-plane/src/engine/decide.ts'),
  plantedImport('services', 'services/checknumber/src', '../../../control-plane/src/engine/decide.ts'),
  plantedImport('services', 'services/photo/src', '../../checknumber/src/main.ts'),
  plantedImport('examples', 'shipyard-examples/planted/src', '../../../control-plane/src/engine/decide.ts'),
  plantedImport('cli', 'cli/src', '../../control-plane/src/engine/decide.ts'),
  plantedImport('cli', 'cli/src', '../../control-plane/src/shipyard/parse.ts'),
  plantedImport('cli', 'cli/src', '../../services/evaluate/src/offline.ts'),
  plantedImport('cli', 'cli/src', '../../services/evaluate/src/main.ts'),
  plantedImport('cli', 'cli/src', '../../services/checknumber/src/main.ts'),
  plantedImport('evaluation', EVALUATION, 'node:fs'),
  plantedImport('evaluation', EVALUATION, '@slipway/contract'),
  plantedImport('evaluation', EVALUATION, '../../typescript/src/index.ts'),
  plantedImport('hands-and-eyes', 'bench', '../control-plane/src/engine/decide.ts'),
  plantedImport('nobody-imports-main', 'web/src', '../../control-plane/src/main.ts'),
  plantedImport('nobody-imports-main', 'bench', '@slipway/control-plane'),
  plantedImport('apart', 'bench', '../cli/src/cli.ts'),
  plantedImport('no-tests-in-product', CONTROL_PLANE, '../test/suite.test.ts'),
  plantedImport('resolvable', ENGINE, './nowhere.ts'),
  plantedImport('declared', 'services/checknumber/src', 'express'),
  plantedImport('declared', CONTROL_PLANE, 'vitest'),
  {
    what: 'no-cycles: two files of a room import each other',
    path: `${ENGINE}/planted-cycle-a.ts`,
    text: code("export { b } from './planted-cycle-b.ts';", '', 'export const a = 1;'),
    says: 'error no-cycles:',
  },
];
const CYCLE_BACK = code("export { a } from './planted-cycle-a.ts';", '', 'export const b = 1;');

const UNUSED: Violation[] = [
  {
    what: 'a file that nobody imports',
    path: 'sdk/typescript/src/planted-nobody.ts',
    text: code('export const planted = 1;'),
    says: 'Unused files',
  },
  {
    what: 'an export that nobody imports',
    path: 'sdk/typescript/src/planted-export.ts',
    text: code('export const used = 1;', 'export const planted = 1;'),
    says: 'Unused exports',
  },
  {
    what: 'a package that nobody imports',
    path: 'services/planted/package.json',
    text: `${JSON.stringify({ name: 'planted-service', dependencies: { ajv: '*' } }, null, 2)}\n`,
    says: 'Unused dependencies',
  },
];
const WEB: Violation[] = [
  {
    what: 'an element that may be missing is used unseen',
    path: 'web/src/planted-element.ts',
    text: code("document.querySelector('#planted').remove();"),
    says: 'TS2531',
  },
];
const INSTALL: Violation[] = [
  {
    what: 'a lock file that lacks a package of package.json',
    path: 'package-lock.json',
    text: `${JSON.stringify({ name: 'tree', lockfileVersion: 3, requires: true, packages: {} }, null, 2)}\n`,
    says: 'npm error code',
  },
];
const plantedWord = (word: string, path: string, ...lines: string[]): Violation => ({
  what: `${word} in ${path}`,
  path,
  text: code(...lines),
  says: `"${word}": `,
});
const WORDS: Violation[] = [
  plantedWord('whoever', 'cli/src/planted-words.ts', "export const planted = 'ask whoever did it';"),
  plantedWord(
    'somebody',
    'services/checknumber/src/planted-words.ts',
    'export const planted = `${1} is for somebody`;',
  ),
  plantedWord('what is', 'docs/planted-what.md', 'The server stores what', 'is taken.'),
  plantedWord('what it has', 'sdk/typescript/src/planted-words.ts', "export const planted = 'ends what it has begun';"),
  plantedWord('told', 'README.md', 'A run that is told to stop.'),
  plantedWord('comes to its end', 'docs/planted-end.md', '- a run', '- it comes to its end'),
  plantedWord('comes into being', 'web/src/planted-being.ts', "export const planted = 'It comes into being now.';"),
  plantedWord('taken up', 'control-plane/src/http/planted-up.ts', "export const planted = 'runs are taken up';"),
  plantedWord('in hand', 'CHANGELOG.md', 'It has work in hand.'),
  plantedWord('is no', 'control-plane/src/http/planted-no.ts', 'export const planted = `${1} is no duration`;'),
  plantedWord('is to be', 'helm/slipway/templates/NOTES.txt', 'The token is to be set.'),
  plantedWord('in the place of', 'sdk/contract/src/planted-words.ts', "export const planted = 'x in the place of y';"),
  plantedWord('simply', 'cli/README.md', 'You simply start it.'),
  plantedWord('one too many', 'docs/decisions/planted.md', 'The one too many is refused.'),
  plantedWord('Answers', 'docs/planted-answers.md', 'Answers 404 then.'),
  plantedWord('Who c', 'docs/planted-who.md', 'Who comes late waits.'),
  plantedWord('What f', 'docs/planted-begin.md', 'What fails is repeated.'),
  plantedWord(
    'Hold still',
    'web/src/planted-label.tsx',
    'export const planted = (',
    '  <button type="button">Hold still</button>',
    ');',
  ),
];
const KEYS: Violation[] = [
  ['read', 'export const planted = (table: Record<string, number>, key: string): unknown => table[key];'],
  ['written', 'export const planted = (table: Record<string, number>, key: string): void => void (table[key] = 1);'],
  ['asked with in', 'export const planted = (table: object, key: string): boolean => key in table;'],
].map(([how, text]) => ({
  what: `a table of an object's that is ${how} by a key from outside`,
  path: `control-plane/src/runtime/planted-key-${how?.split(' ')[0]}.ts`,
  text: code(text ?? ''),
  says: 'ownValue',
}));
const USER_OF_EXPORT = code("import { used } from './planted-export.ts';", '', 'export const planted = used;');

const FENCES = {
  types: TYPES,
  pure: PURE,
  style: STYLE,
  imports: IMPORTS,
  unused: UNUSED,
  keys: KEYS,
  words: WORDS,
  web: WEB,
  install: INSTALL,
};

test('over a tree that keeps the rules, every fence holds', () => {
  const tree = plantTree();
  try {
    const { status, output } = check(tree.root);
    expect(output).toMatch(/\n8 fences hold, \d+\.\d s\.\n$/);
    expect(status).toBe(0);
  } finally {
    tree.remove();
  }
});

describe('a planted violation is caught:', () => {
  let tree: ReturnType<typeof plantTree>;
  let result: ReturnType<typeof check>;

  beforeAll(() => {
    const violations = Object.values(FENCES).flat();
    tree = plantTree({
      ...Object.fromEntries(violations.map(({ path, text }) => [path, text])),
      [`${ENGINE}/planted-cycle-b.ts`]: CYCLE_BACK,
      'sdk/typescript/src/index.ts': USER_OF_EXPORT,
      'control-plane/src/bus/local/open.ts': code('export const local = 1;'),
      'control-plane/src/outbound/post.ts': code('export const post = 1;'),
      'control-plane/src/planted-room/planted.ts': code('export const planted = 1;'),
    });
    result = check(tree.root);
  }, 400_000);
  afterAll(() => tree.remove());

  for (const [fence, violations] of Object.entries(FENCES)) {
    test.each(violations)(`${fence}: $what`, ({ path, says }) => {
      const lines = result.linesOf(fence);
      const told = lines.some((line) => (fence === 'install' || line.includes(path)) && line.includes(says));
      expect(told, `${says} and ${path} on one line of:\n${lines.join('\n').slice(0, 4_000)}`).toBe(true);
    });
  }

  test('and npm run check ends with 1 and names the broken fences', () => {
    expect(result.status).toBe(1);
    expect(result.output).toMatch(/9 of 9 fences are broken: /);
  });
});

describe('words:', () => {
  const repository = (...subjects: string[]): ReturnType<typeof plantTree> => {
    const tree = plantTree();
    const author = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    for (const args of [['init', '-q'], ...subjects.map((subject) => ['commit', '-qm', subject, '--allow-empty'])]) {
      expect(spawnSync('git', ['-C', tree.root, ...author, ...args]).status).toBe(0);
    }
    return tree;
  };

  test('a commit whose subject has more than 72 characters is caught by its hash', () => {
    const tree = repository(`engine: ${'a'.repeat(64)}`, `engine: ${'a'.repeat(65)}`);
    try {
      const { output, linesOf } = check(tree.root, 'words');
      const hits = linesOf('words').filter((line) => line.startsWith('commit '));
      expect(hits, output).toHaveLength(1);
      expect(hits[0]).toMatch(/^commit [0-9a-f]{7,}: the subject has 73 characters, 72 are allowed; /);
    } finally {
      tree.remove();
    }
  });

  test('the line is that of the word, in a paragraph and in a template of several lines', () => {
    const tree = plantTree({
      'docs/lines.md': code('# Title', '', 'The first line', 'is good, but somebody', 'wrote this.'),
      'cli/src/lines.ts': code('export const planted = `', 'the first', 'is good, but nobody', 'reads this`;'),
    });
    try {
      const { output } = check(tree.root, 'words');
      expect(output).toContain('docs/lines.md:4: "somebody"');
      expect(output).toContain('cli/src/lines.ts:3: "nobody"');
    } finally {
      tree.remove();
    }
  });

  test('code, keys, questions and the title of a page are not prose', () => {
    const tree = plantTree({
      'docs/right.md': code(
        '# What holds',
        '',
        'Who sends it? There is no `whoever` here.',
        '',
        '```sh',
        'simply',
        '```',
      ),
      'cli/src/right.ts': code("export const right = ['nobody', 'there is no run 7'];"),
    });
    try {
      expect(check(tree.root, 'words').output).toMatch(/1 fence holds/);
    } finally {
      tree.remove();
    }
  });
});

test('generated: a file that is not what the contract says is caught, and so is one that the contract does not know', () => {
  const tree = plantTree();
  try {
    const contract = join(tree.root, 'sdk', 'contract');
    rmSync(contract, { recursive: true });
    cpSync(join(ROOT, 'sdk', 'contract'), contract, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    expect(check(tree.root, 'generated').output).toMatch(/1 fences? holds?/);

    appendFileSync(join(contract, 'schemas', 'openapi.json'), ' ');
    writeFileSync(join(contract, 'schemas', 'planted.json'), '{}');
    const { status, output } = check(tree.root, 'generated');
    expect(output).toMatch(/sdk\/contract\/schemas\/openapi\.json is stale/);
    expect(output).toMatch(/sdk\/contract\/schemas\/planted\.json/);
    expect(status).toBe(1);
  } finally {
    tree.remove();
  }
});

function check(
  root: string,
  ...fences: string[]
): { status: number | null; output: string; linesOf(fence: string): string[] } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'tools', 'check.ts'), '--root', root, ...fences],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const sections = new Map(
    stdout.split(/^--- /m).map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
  );
  return {
    status,
    output: stdout + stderr,
    linesOf: (fence) => underHeadings((sections.get(fence) ?? '').split('\n')),
  };
}

/** knip says what is wrong in a heading above the places: put it before each of them. */
function underHeadings(lines: readonly string[]): string[] {
  let heading = '';
  return lines.map((line) => {
    if (/^Un\w+ .* \(\d+\)$/.test(line)) heading = `${line}: `;
    return heading + line;
  });
}
