import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Express, Request, Response } from 'express';
import express from 'express';

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
 * The built web view at `/`, when `root` holds one: files as they are, and its index.html for every other address that a
 * browser opens, because the view has a permalink for each of its pages.
 */
export function serveWebView(app: Express, root: string): void {
  const index = join(root, 'index.html');
  if (!existsSync(index)) return;
  const files = express.static(root, { index: false, dotfiles: 'ignore', redirect: false, setHeaders: setFileHeaders });
  app.use((req, res, next) => (isOurs(req.path) ? next() : files(req, res, next)));
  app.use((req: Request, res: Response, next) => {
    const opensPage = (req.method === 'GET' || req.method === 'HEAD') && req.headers.accept?.includes('text/html');
    if (!opensPage || isOurs(req.path)) return next();
    setFileHeaders(res, index);
    res.sendFile(index);
  });
}

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
