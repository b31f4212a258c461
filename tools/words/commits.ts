/** Subjects of commits: at most 72 characters, since the last release, or in the last 50 commits. */
import { spawnSync } from 'node:child_process';

const SUBJECT_MAX = 72;
const COMMITS_MAX = 50;
/** The rule holds for commits written after this: history before it stays as it is. */
const SINCE = Date.parse('2026-12-01T03:58:00Z');

/** One line for each commit whose subject is too long. None where the tree is not a git repository. */
export function longSubjects(root: string): string[] {
  const top = git(root, ['rev-parse', '--show-prefix']);
  if (top === undefined || top !== '') return [];
  const tag = git(root, ['describe', '--tags', '--abbrev=0']);
  const range = tag === undefined ? 'HEAD' : `${tag}..HEAD`;
  const log = git(root, ['log', '--no-merges', `--max-count=${COMMITS_MAX}`, '--format=%h %at %s', range]) ?? '';
  return log.split('\n').flatMap((line) => {
    const [hash = '', at = '', ...words] = line.split(' ');
    const subject = words.join(' ');
    if (Number(at) * 1000 < SINCE || subject.length <= SUBJECT_MAX) return [];
    return [
      `commit ${hash}: the subject has ${subject.length} characters, ${SUBJECT_MAX} are allowed; move the why into the body: ${subject}`,
    ];
  });
}

function git(root: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
