import type { OpenApiDocument } from '@slipway/contract';
export function docsPage(document: OpenApiDocument): { html: string; headers: string[] } {
  return { html: `<!doctype html><title>${String(document.info.title)}</title>`, headers: [] };
}
