import { faultInNamingText } from '@slipway/contract';

/** Why a URL cannot be a sink; undefined when it can. What it resolves to is checked at each delivery. */
export function sinkProblem(sink: string): string | undefined {
  const fault = faultInNamingText(sink);
  if (fault !== undefined) return `a sink ${fault}`;
  let url: URL;
  try {
    url = new URL(sink);
  } catch {
    return `'${sink.slice(0, 80)}' is not a URL`;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `a sink is an http or https URL, not ${url.protocol}`;
  if (url.username !== '' || url.password !== '')
    return 'a sink carries no user or password: use a subscription of its own path instead';
  return undefined;
}
