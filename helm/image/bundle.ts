import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from '../../tools/root.ts';
import { filesBesideCode } from './files-beside-code.ts';

/** What libraries would use if somebody had installed it; they do without. */
const OPTIONAL = [
  ...['kerberos', '@mongodb-js/zstd', 'snappy', 'socks', 'mongodb-client-encryption'],
  ...['gcp-metadata', '@aws-sdk/credential-providers', 'pg-native'],
];

/**
 * Bundles each program (its name to its TypeScript file) into `app`/lib, with the code that several share in files of their
 * own. Says which modules it took, and which files of ours the code looks for beside itself.
 */
export async function bundlePrograms(options: {
  programs: Record<string, string>;
  app: string;
}): Promise<{ modules: string[]; files: string[] }> {
  const files = new Set<string>();
  const complaints: string[] = [];
  const bundle = await rolldown({
    cwd: ROOT,
    input: options.programs,
    platform: 'node',
    external: OPTIONAL,
    plugins: [filesBesideCode((file) => files.add(file))],
    onLog: (level, log) => {
      if (level === 'warn') complaints.push(log.message);
    },
  });
  const { output } = await bundle.write({
    dir: join(options.app, 'lib'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
  if (complaints.length > 0) throw new Error(`the bundle may not be whole:\n${complaints.join('\n')}`);
  return {
    modules: output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])),
    files: [...files],
  };
}
