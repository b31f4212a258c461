import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** For `npm run dev -w @slipway/web`: which server the API calls go to. */
const server = process.env.SLIPWAY_SERVER ?? 'http://127.0.0.1:8484';

export default defineConfig({
  plugins: [react()],
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
