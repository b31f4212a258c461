import { builtinModules } from 'node:module';

// The import table of the architecture as rules: an arrow may only point down. Each room names what it may import, and
// everything else is an error, so that a new room or a new library has to be argued for here first.
// tools/test/fences.test.ts plants a violation of each rule and sees it caught.

const ENGINE = '^control-plane/src/engine/';
const SHIPYARD = '^control-plane/src/shipyard/';
const PROJECTION = '^control-plane/src/projection/';
const RUNTIME = '^control-plane/src/runtime/';
const HTTP = '^control-plane/src/http/';
const STORE = '^control-plane/src/store/';
const BUS = '^control-plane/src/bus/';
const CONTRACT = '^sdk/contract/src/';
const KEPTN = '^control-plane/src/keptn/';
const OUTBOUND = '^control-plane/src/outbound/';
const SETTINGS = '^control-plane/src/settings\\.ts$';
const MAIN = '^control-plane/src/main\\.ts$';
const EVALUATION = '^sdk/evaluation/src/';
/** Beside main.ts, what the packages control-plane and service-evaluate export. */
const FOR_THE_COMMAND_LINE = '^(control-plane/src/(settings|shipyard/index)|services/evaluate/src/index)\\.ts$';

/** An adapter is a folder below its port's room; the port itself is the files directly in the room. */
const STORE_ADAPTERS = '^control-plane/src/store/[^/]+/';
const BUS_ADAPTERS = '^control-plane/src/bus/[^/]+/';
const STORE_PORT = '^control-plane/src/store/[^/]+\\.ts$';
const BUS_PORT = '^control-plane/src/bus/[^/]+\\.ts$';

/** Tests may join rooms (a port's suite runs on every adapter), so the room rules do not speak about them. */
const TEST = '(^|/)test/|\\.test\\.ts$';
const builtin = (...names) => `^(node:)?(${names.join('|')})(/|$)`;
const NODE = builtin(...new Set(builtinModules.map((name) => name.replace(/^node:/, '').split('/')[0])));
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

/** A room's whole import column as one rule: from this room, anything that is not listed is an error. */
const room = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, pathNot: TEST },
  to: { pathNot: [from, ...allowed] },
});

const ZOD = npm('zod');
/** Node's helpers without IO that a shell needs everywhere. */
const NODE_PURE = builtin('assert', 'buffer', 'crypto', 'util', 'url', 'path', 'events');

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one subject: join them, or move what both need below them.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment:
        'This import leads nowhere: a relative path ends in .ts, a package stands in the package.json of its workspace.',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(bun|deno)' },
    },
    {
      name: 'declared',
      severity: 'error',
      comment: 'A package is declared by the workspace that imports it, and product code needs no devDependency.',
      from: { path: '^(control-plane|sdk|services|cli)/.*(src|bin)/', pathNot: TEST },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        dependencyTypesNot: ['npm', 'type-only', 'core'],
      },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      comment: 'Product code never imports a test.',
      from: { path: '^(control-plane/src|control-plane/simulation|sdk|services|cli|bench)/', pathNot: TEST },
      to: { path: TEST, pathNot: '(^|/)node_modules/' },
    },

    room('contract', CONTRACT, [ZOD], 'The contract is the floor: zod, and nothing of ours.'),
    room('engine', ENGINE, [CONTRACT], 'The engine decides: contract only, no node:*, no library, no IO.'),
    room(
      'shipyard',
      SHIPYARD,
      [CONTRACT, npm('js-yaml', '@marcbachmann/cel-js', 're2js', 'ajv', 'zod')],
      'YAML text to a plan: contract, js-yaml, the CEL library, the linear-time patterns, JSON Schema, zod; no IO.',
    ),
    room(
      'projection',
      PROJECTION,
      [CONTRACT, ENGINE],
      'Views are folds over events: contract and the types of the engine, no IO.',
    ),
    {
      name: 'projection-engine-types',
      severity: 'error',
      comment: 'Projection takes types from the engine, never its decisions.',
      from: { path: PROJECTION, pathNot: TEST },
      to: { path: ENGINE, dependencyTypesNot: ['type-only'] },
    },
    room(
      'store-port',
      STORE_PORT,
      [STORE_PORT, CONTRACT, ENGINE, PROJECTION, NODE_PURE],
      'The port of the store knows no adapter and no driver.',
    ),
    room(
      'store-adapter',
      STORE_ADAPTERS,
      [STORE, CONTRACT, ENGINE, PROJECTION, NODE, npm('mongodb', 'bson', 'pg', '@types/pg', 'pg-connection-string')],
      'An adapter of the store knows its port, the contract and the types of the engine; runtime and http know it not at all.',
    ),
    {
      name: 'store-engine-types',
      severity: 'error',
      comment: 'The store takes types from the engine: what it decides is none of its business.',
      from: { path: STORE, pathNot: TEST },
      to: { path: ENGINE, dependencyTypesNot: ['type-only'] },
    },
    room('bus-port', BUS_PORT, [BUS_PORT, CONTRACT, NODE_PURE], 'The port of the bus knows no adapter and no driver.'),
    room(
      'bus-adapter',
      BUS_ADAPTERS,
      [BUS, CONTRACT, NODE, npm('@nats-io/[^/]+')],
      'An adapter of the bus knows its port and the contract.',
    ),
    {
      name: 'adapter-alone',
      severity: 'error',
      comment: 'An adapter does not know another one.',
      from: { path: '^control-plane/src/(store|bus)/([^/]+)/', pathNot: TEST },
      to: { path: '^control-plane/src/(store|bus)/[^/]+/', pathNot: '^control-plane/src/$1/$2/' },
    },
    room(
      'runtime',
      RUNTIME,
      [
        CONTRACT,
        EVALUATION,
        ENGINE,
        SHIPYARD,
        PROJECTION,
        STORE_PORT,
        BUS_PORT,
        NODE,
        npm('prom-client', 'pino', 'ajv', 'zod'),
      ],
      'The runtime joins the pure rooms with the two ports: never an adapter, a driver or http.',
    ),
    room(
      'http',
      HTTP,
      [CONTRACT, EVALUATION, RUNTIME, NODE, npm('express', '@types/express[^/]*', 'prom-client', 'pino', 'ajv', 'zod')],
      'A door: contract, the rules of evaluation and runtime, never an adapter or the engine.',
    ),
    room(
      'keptn',
      KEPTN,
      [CONTRACT, RUNTIME, '^control-plane/src/http/index\\.ts$', NODE, npm('pino')],
      "Keptn's API: an adapter on the runtime's port, behind the same tokens; no other room but main knows of it.",
    ),
    {
      name: 'only-main-knows-keptn',
      severity: 'error',
      comment: "Keptn's API is an adapter: nothing else may lean on it.",
      from: { pathNot: [MAIN, KEPTN, TEST] },
      to: { path: KEPTN },
    },
    room(
      'outbound',
      OUTBOUND,
      [CONTRACT, RUNTIME, NODE],
      'How events are posted to sinks: what the runtime asks for, done with node:http, and nothing else of ours.',
    ),
    {
      name: 'outbound-runtime-types',
      severity: 'error',
      comment: 'The room that posts events takes types from the runtime, and calls nothing of it.',
      from: { path: OUTBOUND, pathNot: TEST },
      to: { path: RUNTIME, dependencyTypesNot: ['type-only'] },
    },
    room(
      'settings',
      SETTINGS,
      [CONTRACT, '^control-plane/src/http/listen\\.ts$', NODE_PURE, builtin('net')],
      'The table of settings is read by the command line before anything runs: no room that acts.',
    ),
    {
      name: 'known-room',
      severity: 'error',
      comment:
        'The control plane has the rooms of the architecture. A new one needs its place in the table and a rule here.',
      from: {},
      to: {
        path: '^control-plane/src/',
        pathNot: [ENGINE, SHIPYARD, PROJECTION, STORE, BUS, RUNTIME, HTTP, KEPTN, OUTBOUND, SETTINGS, MAIN, TEST],
      },
    },
    {
      name: 'only-main-knows-adapters',
      severity: 'error',
      comment: 'Which adapter is in use is known in control-plane/src/main.ts alone (and by the simulated world).',
      from: { pathNot: [MAIN, TEST, STORE_ADAPTERS, BUS_ADAPTERS, OUTBOUND, '^control-plane/simulation/', '^tools/'] },
      to: { path: [STORE_ADAPTERS, BUS_ADAPTERS, OUTBOUND] },
    },
    {
      name: 'nobody-imports-main',
      severity: 'error',
      comment: 'main.ts is the roof. The command line starts it, nothing else stands on it.',
      from: { path: '^(control-plane|sdk|services|web|bench|tools)/', pathNot: TEST },
      to: { path: MAIN },
    },
    {
      name: 'driver-mongodb',
      severity: 'error',
      comment: 'The MongoDB driver stays in its adapter.',
      from: { path: '^[^/]+/', pathNot: ['^control-plane/src/store/mongo/', '(^|/)node_modules/', TEST] },
      to: { path: npm('mongodb', 'bson') },
    },
    {
      name: 'driver-postgres',
      severity: 'error',
      comment: 'The PostgreSQL driver stays in its adapter.',
      from: { path: '^[^/]+/', pathNot: ['^control-plane/src/store/postgres/', '(^|/)node_modules/', TEST] },
      to: { path: npm('pg', 'pg-connection-string') },
    },
    {
      name: 'driver-sqlite',
      severity: 'error',
      comment:
        'node:sqlite stays in its adapter. One measurement holds the lock of the file, as somebody else on the disk would.',
      from: {
        path: '^[^/]+/',
        pathNot: ['^control-plane/src/store/sqlite/', '^bench/src/refusal\\.ts$', '(^|/)node_modules/', TEST],
      },
      to: { path: builtin('sqlite') },
    },
    {
      name: 'driver-nats',
      severity: 'error',
      comment:
        'The NATS client stays in the adapter of the bus, in the SDK, and where the kit plays the control plane.',
      from: {
        path: '^[^/]+/',
        pathNot: [
          '^control-plane/src/bus/nats/',
          '^sdk/typescript/',
          '^helm/chart-test/',
          '^cli/src/kit/plane/nats-plane\\.ts$',
          '(^|/)node_modules/',
          TEST,
        ],
      },
      to: { path: npm('@nats-io/[^/]+') },
    },
    {
      name: 'nobody-imports-simulation',
      severity: 'error',
      comment: 'The simulated world is a tool of the tests.',
      from: { pathNot: ['^control-plane/simulation/', TEST] },
      to: { path: '^control-plane/simulation/' },
    },
    {
      name: 'simulation',
      severity: 'error',
      comment: 'The simulation owns the world: no real network, no real store, no door.',
      from: { path: '^control-plane/simulation/', pathNot: TEST },
      to: {
        path: [
          builtin('net', 'http', 'http2', 'https', 'tls', 'dgram', 'dns', 'timers', 'sqlite'),
          npm('mongodb', 'pg', '@nats-io/[^/]+', 'express'),
          MAIN,
          '^(cli|services|bench|sdk/typescript)/',
        ],
      },
    },
    {
      name: 'sdk',
      severity: 'error',
      comment: 'The SDK stands on the contract alone of ours.',
      from: { path: '^sdk/typescript/', pathNot: TEST },
      to: { path: '^(control-plane|services|cli|bench|web|tools|sdk/evaluation)/' },
    },
    {
      name: 'services',
      severity: 'error',
      comment: 'A service knows the SDK and the rules of evaluation of ours, and no other service.',
      from: { path: '^services/([^/]+)/', pathNot: TEST },
      to: { path: '^(control-plane|cli|bench|web|tools|services|sdk/contract)/', pathNot: '^services/$1/' },
    },
    {
      name: 'examples',
      severity: 'error',
      comment: 'An example shows what anybody can do: the SDK, and the servers that the set-up installs.',
      from: { path: '^shipyard-examples/', pathNot: TEST },
      to: {
        path: '^(control-plane|services|cli|bench|web|tools|sdk)/',
        pathNot: ['^sdk/typescript/', '^tools/(test-servers\\.ts$|servers/)'],
      },
    },
    room(
      'evaluation',
      EVALUATION,
      [npm('js-yaml', 'jstat', 'zod')],
      'Values, SLO and history to a decision: YAML, statistics, zod; no IO, and nothing of ours.',
    ),
    {
      name: 'hands-and-eyes',
      severity: 'error',
      comment: 'A person and the bench use the public door: SDK and contract.',
      from: { path: '^(web|bench)/', pathNot: TEST },
      to: { path: '^(control-plane|services)/' },
    },
    {
      name: 'cli',
      severity: 'error',
      comment:
        'The command line uses the public door as well. What it takes of the control plane is exported for it: serve and ' +
        'dev start it (main.ts), its flags are the table of settings, and lint reads a shipyard without any server. Of the ' +
        'services it takes what evaluate exports for authors of SLOs, who need no server either.',
      from: { path: '^cli/', pathNot: TEST },
      to: { path: '^(control-plane|services)/', pathNot: [MAIN, FOR_THE_COMMAND_LINE] },
    },
    {
      name: 'apart',
      severity: 'error',
      comment:
        'cli, web and bench do not know each other. Of tools they take the test servers and the options of scripts.',
      from: { path: '^(cli|web|bench)/', pathNot: TEST },
      to: { path: '^(cli|web|bench|tools)/', pathNot: ['^$1/', '^tools/((test-servers|options|root)\\.ts$|servers/)'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.cache|\\.slipway)/|^web/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
