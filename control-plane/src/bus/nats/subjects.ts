/**
 * Which stream takes which subject. SLIPWAY_IN holds what others tell the control plane (and the triggers it publishes
 * for the next stage, which come back through the same door); SLIPWAY_OUT holds what it tells the task services and the
 * world.
 *
 * No subject matches a pattern of both, which NATS would refuse. Types of a task have one name and types of a
 * sequence two, so `triggered`, `started` and `finished` are told apart by the number of tokens alone; the other last
 * tokens (`changed`, `invalidated`, `cancelled`) stand in one stream each. control-plane/test/bus/subjects.test.ts
 * checks every pair of patterns.
 */
const SLIPWAY_PREFIX = 'slipway';
const KEPTN_PREFIX = 'sh.keptn.event';

export const IN_STREAM = 'SLIPWAY_IN';
export const OUT_STREAM = 'SLIPWAY_OUT';
/** The one consumer that all replicas share. */
export const CONSUMER = 'slipway-control-plane';
/** Where JetStream's API is: under a name of its own when the server, or an import of the account, has it in a domain. */
export function apiPrefix(domain: string | undefined): string {
  return domain === undefined ? '$JS.API' : `$JS.${domain}.API`;
}

/** Not `slipway.`: it must match no stream. */
export const HELLO_SUBJECT = 'slipway-hello';

const IN_TYPES = ['*.*.triggered', '*.started', '*.finished', '*.status.changed', '*.invalidated'];
const OUT_TYPES = ['*.triggered', '*.cancelled', '*.*.started', '*.*.finished'];

export const IN_SUBJECTS = bothDialects(IN_TYPES);
export const OUT_SUBJECTS = bothDialects(OUT_TYPES);

function bothDialects(types: readonly string[]): string[] {
  return [...types.map((type) => `${SLIPWAY_PREFIX}.*.${type}`), ...types.map((type) => `${KEPTN_PREFIX}.${type}`)];
}

/** Whether an event of the control plane goes to SLIPWAY_IN: it publishes nothing else there but triggers of sequences. */
export function isForInStream(plainType: string): boolean {
  return plainType.endsWith('.triggered') && plainType.indexOf('.') !== plainType.length - '.triggered'.length;
}

/** The project that a subject names; undefined on Keptn's, which name none. */
export function projectOf(subject: string): string | undefined {
  if (!subject.startsWith('slipway.')) return undefined;
  const end = subject.indexOf('.', 8);
  return end < 0 ? undefined : subject.slice(8, end);
}
