import { spawn } from 'node:child_process';
import { BIN } from './slipway.ts';

/** A pseudo terminal from Python's standard library: the child believes that somebody looks. */
const PTY = `
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', int(sys.argv[1]), int(sys.argv[2]), 0, 0))
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        break
    if not chunk:
        break
    os.write(1, chunk)
    if b'[y/N]' in chunk:
        os.write(fd, sys.stdin.buffer.read())
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`;

export async function onTerminal(
  args: readonly string[],
  env: Record<string, string>,
  {
    columns,
    rows,
    typed = '',
    seen = () => {},
  }: { columns: number; rows: number; typed?: string; seen?: (raw: string) => void },
): Promise<{ code: number; raw: string }> {
  const child = spawn('python3', ['-c', PTY, `${rows}`, `${columns}`, process.execPath, BIN, ...args], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(typed);
  let raw = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    raw += chunk;
    seen(raw);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject).on('close', (code) => resolve(code ?? -1));
  return { code: await promise, raw };
}
