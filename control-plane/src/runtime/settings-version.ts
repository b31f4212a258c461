import { createHash } from 'node:crypto';
import type { Project } from '@slipway/contract';

const HEX_LENGTH = 16;

/** Names what is set for a project by its content: applying a shipyard changes the project, but not its settings. */
export function settingsVersion({ dialect, config, retention, limits }: Project): string {
  const text = JSON.stringify([dialect, config, retention, limits]);
  return createHash('sha256').update(text).digest('hex').slice(0, HEX_LENGTH);
}
