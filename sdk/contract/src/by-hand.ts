/** Sources of answers that a person gives instead of a service: the web view's and the command line's. */
export const byHandSources = ['/web/by-hand', '/cli/by-hand'] as const;

export function isByHand(source: string): boolean {
  return byHandSources.some((one) => one === source);
}
