// What `npm start` and `npm test` do first. It runs on whatever Node is there (20 or newer) before a single package is
// installed, so it is plain JavaScript and imports nothing but Node.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MAJOR = 24;
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const BUILD_TIMEOUT_MS = 2 * 60_000;

/**
 * Makes node_modules what package-lock.json says (a few milliseconds and no word when it is already), then runs a script of
 * this clone under the Node 24 that came with it, and ends as that ends.
 */
export function runInstalled(script, args) {
  requireNode(20);
  const reason = staleReason();
  if (reason) install(reason);
  const node = findNode() ?? failWithoutNode();
  buildWeb(node);
  const child = spawn(node, [join(ROOT, script), ...args], { stdio: 'inherit' });

  // On a terminal Ctrl-C reaches the whole process group, and npm repeats it to us. The child has its own already, and a
  // second one would mean "stop at once" to it.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal === 'SIGINT' && onTerminal) return;
      child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

function install(reason) {
  const started = performance.now();
  process.stdout.write(`Installing packages (${reason}) ...\n`);
  // The warnings of `npm ci` are about the Node that runs npm, not the one that will run Slipway.
  const { command, args } = npm('ci', '--loglevel=error', '--no-fund', '--no-audit', '--no-progress');
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    const cause = result.error?.message ?? `exit code ${result.status ?? result.signal}`;
    fail(`npm ci failed (${cause}). The registry must be reachable; try it alone: npm ci`);
  }
  process.stdout.write(`Installed in ${seconds(started)}.\n`);
}

/**
 * Builds the web view into web/dist, when that is older than what it is made of. Without it everything else still works.
 * Answers whether there is one now.
 */
export function buildWeb(node) {
  const web = join(ROOT, 'web');
  const built = join(web, 'dist', 'index.html');
  const sources = ['src', 'public', 'index.html', 'vite.config.ts', 'package.json'].map((name) => join(web, name));
  if (!sources.every((source) => existsSync(source))) return false;
  if (existsSync(built) && Math.max(...sources.map(newestIn)) <= statSync(built).mtimeMs) return true;
  const started = performance.now();
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const result = spawnSync(node, [vite, 'build', '--logLevel', 'warn'], {
    cwd: web,
    encoding: 'utf8',
    timeout: BUILD_TIMEOUT_MS,
    // Whoever asks for it may be a test, where NODE_ENV would bring the slow half of React.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (result.status === 0) {
    process.stdout.write(`Built the web view in ${seconds(started)}.\n`);
    return true;
  }
  // A build that fails at its end has written files already, and the next start would take them for good ones.
  rmSync(built, { force: true });
  process.stderr.write(
    `${result.stderr ?? ''}The web view could not be built, so there is none at /. To try again: npm run build:web\n`,
  );
  return false;
}

function newestIn(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

/** Why node_modules is not what the lock file asks for, or undefined when it is. npm keeps a lock file of what it installed. */
function staleReason() {
  const installedFile = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'first run';
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/')) continue;
    const found = installed[path];
    // Optional packages are binaries for other platforms as well.
    if (!found && (entry.optional || entry.devOptional)) continue;
    if (!found || found.version !== entry.version) return `${path.replace(/^.*node_modules\//, '')} changed`;
  }
  return undefined;
}

/** The Node to run everything else with: the devDependency `node`, or this one when it is new enough. */
export function findNode() {
  const local = join(ROOT, 'node_modules', '.bin', 'node');
  const probe = spawnSync(local, ['--version'], { encoding: 'utf8' });
  if (probe.status === 0 && Number(probe.stdout.slice(1).split('.')[0]) >= NODE_MAJOR) return local;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  return undefined;
}

function failWithoutNode() {
  fail(
    `Node ${NODE_MAJOR} did not come with the install, probably because npm may not run install scripts here. ` +
      `Allow it for this package (npm rebuild node --ignore-scripts=false), or run this with Node ${NODE_MAJOR}.`,
  );
}

function requireNode(major) {
  if (Number(process.versions.node.split('.')[0]) < major)
    fail(`Node ${major} or newer is needed, this is ${process.version}.`);
}

/** The npm that started us, or the one on PATH. */
function npm(...args) {
  const script = process.env.npm_execpath;
  return script?.endsWith('.js') ? { command: process.execPath, args: [script, ...args] } : { command: 'npm', args };
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
