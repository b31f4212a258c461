import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../root.ts';

const SERVER = 'http://127.0.0.1:8484';

export const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The README's lines with curl alone, as they stand there. */
export function curlLines(): string {
  const block = /<!-- these lines are run by [^>]*-->\n```bash\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  if (!block.includes(`S=${SERVER}`)) throw new Error(`the README has no block of curl lines for ${SERVER}`);
  return block;
}

/** Runs them against the control plane at `url`; what the last of them shows is the run. */
export async function runCurlLines(url: string): Promise<unknown> {
  const script = curlLines().replace(SERVER, url);
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: ROOT });
  const at = stdout.search(/\{"id":"[0-9a-f-]{36}","project"/);
  if (at < 0) throw new Error(`the last line shows no run:\n${stdout}`);
  return JSON.parse(stdout.slice(at));
}
