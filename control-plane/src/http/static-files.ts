import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Express, Request, Response } from 'express';
import express from 'express';
import { accepts } from './compression.ts';

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
const YEAR_S = 365 * 24 * 3600;

/**
 * The web view at `/`: the files below `root`, and index.html for every other address that a browser opens, because the view
 * has a permalink for each of its pages. Until it is built, a browser gets a page with the command that builds it.
 */
export function serveWebView(app: Express, root: string): void {
  const index = join(root, 'index.html');
  const files = express.static(root, { index: false, dotfiles: 'ignore', redirect: false, setHeaders: setFileHeaders });
  app.use((req, res, next) => {
    if (isOurs(req.path)) next();
    else if (!sendPacked(root, req, res)) files(req, res, next);
  });
  app.use((req: Request, res: Response, next) => {
    const opensPage = (req.method === 'GET' || req.method === 'HEAD') && req.headers.accept?.includes('text/html');
    if (!opensPage || isOurs(req.path)) return next();
    setFileHeaders(res, index);
    // Checked for each page: the view may be built while the server runs.
    if (!existsSync(index)) res.status(404).type('html').send(NOT_BUILT);
    else if (!sendPacked(root, req, res, '/index.html')) res.sendFile(index);
  });
}

const PACKED = { br: '.br', gzip: '.gz' } as const;
/** Texts that the build writes down compressed as well. The path is one that needs no decoding, and leads nowhere else. */
const TEXT_FILE = /^\/(?:assets\/)?[\w-]+(?:\.[\w-]+)*\.(?:js|css|html|svg|json)$/;

/** Sends what the build has compressed already, when the client takes it. False: it was not sent. */
function sendPacked(root: string, req: Request, res: Response, path = req.path): boolean {
  if ((req.method !== 'GET' && req.method !== 'HEAD') || !TEXT_FILE.test(path)) return false;
  res.setHeader('vary', 'accept-encoding');
  for (const [coding, ending] of Object.entries(PACKED) as ['br' | 'gzip', string][]) {
    const file = join(root, `${path}${ending}`);
    if (!accepts(req, coding) || !existsSync(file)) continue;
    setFileHeaders(res, join(root, path));
    res.setHeader('content-encoding', coding);
    res.type(extname(path)).sendFile(file);
    return true;
  }
  return false;
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Slipway</title></head>
<body>
<h1>Slipway is running</h1>
<p>The web view is not built yet. In Slipway's folder run <code>npm run build:web</code>, then reload this page.</p>
<p>The API is described at <a href="/v1/docs">/v1/docs</a>.</p>
</body>
</html>
`;

/** Paths of the API and of the machines never become a page, however they are misspelled. */
function isOurs(path: string): boolean {
  return /^\/+(v1|livez|readyz|metrics)(\/|$)/i.test(path);
}

function setFileHeaders(res: { setHeader(name: string, value: string): unknown }, path: string): void {
  res.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('referrer-policy', 'no-referrer');
  // The bundler puts a hash of its content into the name of everything below assets/.
  const hashed = /[\\/]assets[\\/][^\\/]+-[A-Za-z0-9_-]{8,}\.\w+$/.test(path);
  res.setHeader('cache-control', hashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache');
}
