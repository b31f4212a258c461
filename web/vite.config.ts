import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** For `npm run dev -w @slipway/web`: which server the API calls go to. */
const server = process.env.SLIPWAY_SERVER ?? 'http://127.0.0.1:8484';

export default defineConfig({
  plugins: [react(), packed()],
  build: {
    target: 'es2023',
    // The policy of the page allows no inline script and no data: script.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/v1': server } },
});

/** Writes each text of the build compressed beside it: the server sends those, and compresses no file at a request. */
function packed(): Plugin {
  let dir = '';
  return {
    name: 'packed',
    apply: 'build',
    configResolved: (config) => {
      dir = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg|json)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const content = readFileSync(file);
        if (content.length < 1024) continue;
        writeFileSync(`${file}.br`, brotliCompressSync(content));
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}
