/**
 * `npm run setup:test-servers [-- NAME...]`: makes sure that the servers the tests talk to are there, and says of each what it
 * did. Without names it looks after those that some test of this tree needs.
 */
import { relative } from 'node:path';
import { ROOT } from './root.ts';
import { isNeeded, PROGRAMS, type Program } from './servers/programs.ts';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !PROGRAMS.some((program) => program.name === name));
if (unknown.length > 0) {
  console.error(`No such test server: ${unknown.join(', ')}. There are: ${PROGRAMS.map((p) => p.name).join(', ')}.`);
  process.exit(2);
}

const wanted = PROGRAMS.filter((program) => (names.length > 0 ? names.includes(program.name) : isNeeded(program)));
// Different tools build these, so they share the two cores well. Programs of one package are unpacked once.
const groups = Map.groupBy(wanted, (program) => program.install).values();
const results = await Promise.all([...groups].map(provide));
process.exitCode = results.every(Boolean) ? 0 : 1;

async function provide(programs: readonly Program[]): Promise<boolean> {
  const missing = programs.filter((program) => !program.find());
  for (const program of programs) if (!missing.includes(program)) say(program, `found, ${place(program)}`);
  const [first] = missing;
  if (!first) return true;
  const started = performance.now();
  say(first, `not found; installing ${first.what} ...`);
  try {
    const source = await first.install();
    const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    for (const program of missing) say(program, `installed in ${took} (${source}), ${place(program)}`);
    return missing.every((program) => program.find());
  } catch (error) {
    for (const program of missing) say(program, `NOT AVAILABLE, the tests that need it will fail. ${explain(error)}`);
    return false;
  }
}

function say(program: Program, text: string): void {
  console.log(`${program.name}: ${text}`);
}

function place(program: Program): string {
  const path = program.find() ?? 'nowhere';
  const inside = relative(ROOT, path);
  return inside.startsWith('..') ? path : inside;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  ${explain(error.cause)}`;
}
