/**
 * The servers that the tests talk to: where each may be found, and how it is installed when it is nowhere. PATH goes first,
 * then the clone's cache folder.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, ROOT } from '../root.ts';
import { type CommandResult, isExecutable, onPath, run } from './command.ts';
import { unpackDebian } from './debian.ts';

export type ProgramName =
  | 'nats-server'
  | 'secantusd-py'
  | 'prometheus'
  | 'prometheus-node-exporter'
  | 'chromium'
  | 'postgres'
  | 'python-sdk'
  | 'go'
  | 'staticcheck'
  | 'oapi-codegen'
  | 'helm';

export interface Program {
  readonly name: ProgramName;
  readonly what: string;
  /**
   * A test folder below the root: while it does not exist, nobody needs this program. Not given: only a command that asks
   * for it by name needs it.
   */
  readonly neededBy?: string;
  find(): string | undefined;
  /** Installs it and says from where; throws an error that names the way out. */
  install(): Promise<string>;
}

const NATS_VERSION = 'v2.15.2';
const HELM_VERSION = 'v4.3.0';
const STATICCHECK_VERSION = 'v0.8.2';
const OAPI_CODEGEN_VERSION = 'v2.8.2';
const SECANTUS_VERSION = '0.7.0b3';

const bin = join(CACHE, 'bin');
const natsDebian = join(CACHE, 'nats-debian', 'usr', 'sbin');
const secantus = join(CACHE, 'secantus');
const prometheus = join(CACHE, 'prometheus', 'usr', 'bin');
const python = join(CACHE, 'python');
const goTools = join(CACHE, 'go-tools');
const pythonSdk = join(ROOT, 'sdk', 'python');
/** Written last, with what was installed: an environment without it was interrupted or holds other versions. */
const pythonStamp = join(python, 'installed');

export const PROGRAMS: readonly Program[] = [
  {
    name: 'nats-server',
    what: 'the NATS broker',
    neededBy: 'control-plane',
    find: () => onPath('nats-server', [bin, natsDebian]),
    install: installNats,
  },
  {
    name: 'secantusd-py',
    what: 'SecantusDB, a server for the MongoDB wire',
    neededBy: 'control-plane',
    find: () => onPath('secantusd-py') ?? (isSecantusComplete() ? join(secantus, 'bin', 'secantusd-py') : undefined),
    install: installSecantus,
  },
  {
    name: 'prometheus',
    what: 'Prometheus',
    neededBy: 'services/evaluate/test',
    find: () => onPath('prometheus', [prometheus]),
    install: installPrometheus,
  },
  {
    name: 'prometheus-node-exporter',
    what: "Prometheus' exporter of this machine's figures",
    neededBy: 'services/evaluate/test',
    find: () => onPath('prometheus-node-exporter', [prometheus]),
    install: installPrometheus,
  },
  {
    name: 'chromium',
    what: 'a browser',
    neededBy: 'web/test',
    find: () => onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome'),
    install: installChromium,
  },
  {
    name: 'postgres',
    what: 'PostgreSQL',
    neededBy: 'control-plane',
    find: findPostgres,
    install: installPostgres,
  },
  {
    name: 'python-sdk',
    what: 'a Python environment for sdk/python',
    neededBy: 'sdk/python/test',
    find: () => (isPythonComplete() ? join(python, 'bin', 'python') : undefined),
    install: installPython,
  },
  {
    name: 'go',
    what: 'Go, for sdk/go',
    neededBy: 'sdk/go/test',
    find: goPath,
    install: () => Promise.reject(new Error('install Go 1.24 or newer: https://go.dev/dl')),
  },
  {
    name: 'staticcheck',
    what: 'a linter for sdk/go',
    neededBy: 'sdk/go/test',
    // Another version finds other things.
    find: () => [join(goTools, STATICCHECK_VERSION, 'staticcheck')].find(isExecutable),
    install: () => installGoTool('honnef.co/go/tools/cmd/staticcheck', STATICCHECK_VERSION),
  },
  {
    name: 'oapi-codegen',
    what: 'the generator of the client in sdk/go',
    neededBy: 'sdk/go/test',
    find: () => [join(goTools, OAPI_CODEGEN_VERSION, 'oapi-codegen')].find(isExecutable),
    install: () => installGoTool('github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen', OAPI_CODEGEN_VERSION),
  },
  {
    name: 'helm',
    what: 'Helm (a few minutes)',
    // Helm 3 on somebody's PATH renders some charts otherwise: only the one that the tests were written with counts.
    find: () => [join(bin, 'helm')].find(isExecutable),
    install: installHelm,
  },
];

/** Where this program is. Tests fail without it, and this error says what to run. */
export function programPath(name: ProgramName): string {
  const path = PROGRAMS.find((program) => program.name === name)?.find();
  if (!path) throw new Error(`${name} is neither on PATH nor in .cache; run: npm run setup:test-servers ${name}`);
  return path;
}

export function isNeeded(program: Program): boolean {
  return program.neededBy !== undefined && existsSync(join(ROOT, program.neededBy));
}

async function installNats(): Promise<string> {
  const module = `github.com/nats-io/nats-server/v2@${NATS_VERSION}`;
  const built = await goInstall(module);
  if (built.ok) return `go install ${module}`;
  // Too old for production (see docs/operating), good enough for what the tests ask of it.
  try {
    await unpackDebian(['nats-server'], 'nats-debian');
  } catch (error) {
    throw new Error(`go install ${module}: ${lastLines(built.output)}`, { cause: error });
  }
  return `Debian's package, because go install ${module} did not work: ${lastLines(built.output)}`;
}

async function installHelm(): Promise<string> {
  const module = `helm.sh/helm/v4/cmd/helm@${HELM_VERSION}`;
  const built = await goInstall(module);
  if (!built.ok) throw new Error(`go install ${module}: ${lastLines(built.output)}`);
  return `go install ${module}`;
}

async function installGoTool(path: string, version: string): Promise<string> {
  const built = await goInstall(`${path}@${version}`, join(goTools, version));
  if (!built.ok) throw new Error(`go install ${path}@${version}: ${lastLines(built.output)}`);
  return `go install ${path}@${version}`;
}

async function goInstall(module: string, into = bin): Promise<CommandResult> {
  const go = goPath();
  if (!go) return { ok: false, output: 'there is no go on PATH' };
  await mkdir(into, { recursive: true });
  return run(go, ['install', module], { env: { GOBIN: into, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' } });
}

/** Go's own installer leaves go in a place that a login shell alone has on PATH. */
function goPath(): string | undefined {
  return onPath('go', ['/usr/local/go/bin']);
}

async function installSecantus(): Promise<string> {
  const python = onPath('python3');
  if (!python) throw new Error('SecantusDB needs python3 with venv: install python3 and python3-venv');
  await rm(secantus, { recursive: true, force: true });
  const venv = await run(python, ['-m', 'venv', secantus]);
  if (!venv.ok) throw new Error(`python3 -m venv failed (Debian has it in python3-venv): ${lastLines(venv.output)}`);
  const requirement = `secantusdb==${SECANTUS_VERSION}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary=:all:', requirement];
  const installed = await run(join(secantus, 'bin', 'python'), pip);
  if (!installed.ok) throw new Error(`pip install ${requirement}: ${lastLines(installed.output)}`);
  return `pip install ${requirement}`;
}

/** pip writes a package's dist-info last, so a venv without it was interrupted or holds another version. */
function isSecantusComplete(): boolean {
  const lib = join(secantus, 'lib');
  if (!existsSync(lib) || !isExecutable(join(secantus, 'bin', 'secantusd-py'))) return false;
  const wanted = `secantusdb-${SECANTUS_VERSION}.dist-info`;
  return readdirSync(lib).some((python) => existsSync(join(lib, python, 'site-packages', wanted)));
}

async function installPython(): Promise<string> {
  const own = onPath('python3');
  if (!own) throw new Error('sdk/python needs python3 (3.10 or newer) with venv: install python3 and python3-venv');
  const isNew = await run(own, ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
  if (!isNew.ok) throw new Error(`sdk/python needs Python 3.10 or newer, and ${own} is older`);
  await rm(python, { recursive: true, force: true });
  const venv = await run(own, ['-m', 'venv', python]);
  if (!venv.ok) throw new Error(`python3 -m venv failed (Debian has it in python3-venv): ${lastLines(venv.output)}`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const requirements = join(pythonSdk, 'requirements-dev.txt');
  for (const what of [
    // nkeys, in pure Python, is published as source alone.
    ['--only-binary=:all:', '--no-binary=nkeys', '--requirement', requirements],
    ['--no-deps', '--no-build-isolation', '--editable', pythonSdk],
  ]) {
    const installed = await run(join(python, 'bin', 'python'), [...pip, ...what]);
    if (!installed.ok) throw new Error(`pip install ${what.join(' ')}: ${lastLines(installed.output)}`);
  }
  await writeFile(pythonStamp, pythonWanted());
  return `pip install -r ${requirements}`;
}

function isPythonComplete(): boolean {
  return existsSync(pythonStamp) && readFileSync(pythonStamp, 'utf8') === pythonWanted();
}

function pythonWanted(): string {
  return ['requirements-dev.txt', 'pyproject.toml']
    .map((name) => readFileSync(join(pythonSdk, name), 'utf8'))
    .join('\n');
}

async function installPrometheus(): Promise<string> {
  await unpackDebian(['prometheus', 'prometheus-node-exporter'], 'prometheus');
  return "Debian's packages";
}

/** Debian keeps the programs of each version in a folder of their own, which is not on PATH; the newest one counts. */
function findPostgres(): string | undefined {
  const beside = ['/', join(CACHE, 'postgres')].flatMap((root) => {
    const versions = join(root, 'usr', 'lib', 'postgresql');
    if (!existsSync(versions)) return [];
    return readdirSync(versions)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => join(versions, version, 'bin'));
  });
  // The programs beside it, such as initdb, are asked for too: a link on PATH would not lead to them.
  return beside.map((folder) => join(folder, 'postgres')).find(isExecutable) ?? onPath('postgres');
}

async function installPostgres(): Promise<string> {
  const version = await run('apt-cache', ['depends', 'postgresql']);
  const name = /postgresql-\d+/.exec(version.output)?.[0] ?? 'postgresql-15';
  await unpackDebian([name, name.replace('postgresql', 'postgresql-client'), 'libpq5'], 'postgres');
  return "Debian's packages";
}

async function installChromium(): Promise<string> {
  const args = ['install', '-y', '-q', '--no-install-recommends', 'chromium'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  let result = await run('apt-get', args, { env });
  if (!result.ok) {
    await run('apt-get', ['update', '-q']);
    result = await run('apt-get', args, { env });
  }
  if (!result.ok) {
    throw new Error(
      `apt-get install chromium (it needs root; a chromium on PATH is as good): ${lastLines(result.output)}`,
    );
  }
  return "Debian's package, installed into the system with the libraries it needs";
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-4).join('\n');
}
