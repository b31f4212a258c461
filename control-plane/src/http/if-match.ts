export function etag(version: string): string {
  return `"${version}"`;
}

/** Whether `If-None-Match` names it: the weak comparison (RFC 9110, 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((one) => ['*', tag, `W/${tag}`].includes(one.trim()));
}

/** `If-Match`: `*`, or a list of entity tags. What is none of ours matches nothing, a weak one included (RFC 9110, 13.1.1). */
export function versionsOf(ifMatch: string | undefined): '*' | readonly string[] | undefined {
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === '*') return '*';
  return ifMatch.split(',').flatMap((tag) => /^"([^"]*)"$/.exec(tag.trim())?.[1] ?? []);
}
