export function etag(version: string): string {
  return `"${version}"`;
}

/** `If-Match`: `*`, or a list of entity tags. What is none of ours matches nothing, a weak one included (RFC 9110, 13.1.1). */
export function versionsOf(ifMatch: string | undefined): '*' | readonly string[] | undefined {
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === '*') return '*';
  return ifMatch.split(',').flatMap((tag) => /^"([^"]*)"$/.exec(tag.trim())?.[1] ?? []);
}
