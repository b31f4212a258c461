/**
 * Names of projects, stages, sequences, tasks and services are DNS labels: they stand in event types and NATS subjects,
 * where a dot, a `*` or a `>` would have a meaning of its own.
 */
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether `text` may name a project, stage, sequence, task or (in the plain dialect) service. */
export function isName(text: unknown): text is string {
  return typeof text === 'string' && NAME_PATTERN.test(text);
}

/**
 * What Keptn takes as the name of a sequence or task: anything that an event type and a NATS subject can carry as one of their parts.
 * No dot, `*`, `>`, blank, slash or `~`, which would have a meaning of their own.
 */
const KEPTN_NAME = /^[A-Za-z0-9_%+=@-]{1,128}$/;

/** Whether `text` may name a sequence or task of a shipyard under Keptn's apiVersions. Every other name is one, too. */
export function isKeptnName(text: unknown): text is string {
  return typeof text === 'string' && KEPTN_NAME.test(text);
}

/** The nearest of `known` to `text` by edit distance, when it is near enough to be a typing error; else undefined. */
export function nearestName(text: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(text.length / 3)) + 1;
  const wanted = text.slice(0, 64).toLowerCase();
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.slice(0, 64).toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
