import { excerpt, ProviderFault } from './fault.ts';
import type { HttpAnswer } from './http-client.ts';

/** Longer waits than this are not waited for. */
const RETRY_AFTER_MAX_MS = 10 * 60_000;

/** Sorts a status that is not a success into its class. `said` finds the provider's own words in its JSON. */
export function faultOfStatus(answer: HttpAnswer, said: (body: unknown) => string | null): ProviderFault {
  const { status, text } = answer;
  const words = wordsOf(text, said);
  const what = `answered ${status}${words === '' ? '' : `: ${words}`}`;
  if (status === 429) {
    return new ProviderFault('throttled', `${what}; ask less often or raise its limit`, {
      retryAfterMs: retryAfterMs(answer),
    });
  }
  if (status === 401 || status === 403)
    return new ProviderFault('credentials', `${what}; check the credentials of this source`);
  if (status >= 500) return new ProviderFault('server', what, { retryAfterMs: retryAfterMs(answer) });
  if (status >= 300 && status < 400) {
    const to = excerpt(answer.headers.location ?? 'another address');
    return new ProviderFault('caller', `${what} and sends to ${to}: redirects are not followed, use the final address`);
  }
  return new ProviderFault('caller', `${what}; correct the query`);
}

function wordsOf(text: string, said: (body: unknown) => string | null): string {
  try {
    return excerpt(said(JSON.parse(text)) ?? '');
  } catch {
    // An error page of a proxy: its status says enough.
    return text.trimStart().startsWith('<') ? 'an HTML page' : excerpt(text);
  }
}

/** Retry-After in seconds, or the reset headers of Datadog. */
function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const seconds = Number(headers['retry-after'] ?? headers['x-ratelimit-reset'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(RETRY_AFTER_MAX_MS, seconds * 1000) : undefined;
}

/** The JSON of a success, or the fault of a body that only looked like one. */
export function jsonOf(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (error) {
    const what = answer.text.trimStart().startsWith('<')
      ? 'an HTML page'
      : answer.text.trim() === ''
        ? 'nothing'
        : `no JSON ("${excerpt(answer.text, 40)}")`;
    const message = `answered ${answer.status} with ${what}: is the address that of the API, and not of a login page or proxy?`;
    throw new ProviderFault('garbage', message, { cause: error });
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The answer is JSON of another shape than documented. */
export const strange = (what: string): ProviderFault =>
  new ProviderFault(
    'garbage',
    `answered JSON that is not what its documentation says (${what}): is it the right API and version?`,
  );
