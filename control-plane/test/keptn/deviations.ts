/**
 * Where Slipway answers a recorded case otherwise than Keptn 1.4.5 did, on purpose: docs/keptn.md gives the reasons. By
 * case: what the control plane's events are changed to, found by their name.
 */
export type Deviation = {
  why: string;
  /** Data that replaces the recorded data of the event with this name. */
  data?: { [event: string]: { [key: string]: unknown } };
  /** Events the control plane sends beside the recorded ones: type, and the name of the event it comes right before. */
  extra?: { type: string; before: string }[];
};

const cancelled = 'an abort tells the service that its attempt is not wanted any more';

export const deviations: { [name: string]: Deviation } = {
  'two-executors': {
    why: 'later wins for every scalar (Keptn drops the message of a merge), and arrays are replaced (Keptn prepends)',
    data: {
      '#dev/b.triggered': { a: { from1: 1, from2: 2, same: 'two', list: ['y'] }, message: 'two' },
      '#dev/c.triggered': { a: { from1: 1, from2: 2, same: 'two', list: ['y'] } },
    },
  },
  'abort-while-b-runs': {
    why: cancelled,
    extra: [{ type: 'sh.keptn.event.b.cancelled', before: '#dev.seq.finished' }],
  },
  'abort-queued': { why: cancelled, extra: [{ type: 'sh.keptn.event.a.cancelled', before: '#dev.seq.finished' }] },
};
