import { userInfo } from 'node:os';

/** Who types this, for the history. Some containers have no name for their user. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
