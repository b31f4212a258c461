import {
  type Explanation,
  explain,
  finishEvaluation,
  type IndicatorValue,
  type PreviousEvaluation,
} from '@slipway/evaluation';
import { type Answer, claimOne, field, finished, JSON_TYPE, post, type TestDoor } from './door.ts';

export const SLO = `comparison: {compare_with: single_result}
objectives:
- {sli: response_time, displayName: Response time, pass: [{criteria: ["<=+10%", "<600"]}], warning: [{criteria: ["<=800"]}]}
- {sli: error_rate, pass: [{criteria: ["<1"]}], key_sli: true}
total_score: {pass: "90%", warning: "50%"}
`;

export const YAML = { 'content-type': 'application/yaml' };
export const CARTS = '/v1/projects/shop/stages/dev/services/carts';

export function put(door: TestDoor, path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  return door.ask('PUT', path, { headers: { ...YAML, ...headers }, body });
}

export function postJson(door: TestDoor, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return body === undefined
    ? door.ask('POST', path, { headers })
    : door.ask('POST', path, { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });
}

export interface Judged {
  /** The evaluation's id, which is the attempt's. */
  id: string;
  run: string;
  eventId: string;
  explanation: Explanation;
}

/**
 * One evaluation from the POST that starts it to the finished event, judged by the rules as the evaluate service does it:
 * claims the attempt, and answers with what Keptn's event has and ours.
 */
export async function evaluateOnce(
  door: TestDoor,
  values: Record<string, number | null>,
  options: { history?: readonly PreviousEvaluation[]; slo?: string; start?: object; path?: string; own?: object } = {},
): Promise<Judged> {
  const { history = [], slo = SLO, start = {}, path = CARTS } = options;
  const started = await postJson(door, `${path}/evaluations`, start);
  if (started.status !== 202) throw new Error(`not started: ${started.text}`);
  const attempt = await claimOne(door, 'evaluation', '/evaluate');
  const given = Object.entries(values).map(
    ([metric, value]): IndicatorValue =>
      value === null
        ? { metric, value: 0, comparedValue: 0, success: false, message: 'HTTP 503' }
        : { metric, value, comparedValue: 0, success: true, message: '' },
  );
  const window = { start: '2026-11-21T10:00:00.000Z', end: '2026-11-21T10:05:00.000Z' };
  const ended = finishEvaluation({
    project: 'shop',
    stage: 'dev',
    service: 'carts',
    sli: { status: 'succeeded', result: 'pass', message: '', ...window, values: given },
    slo: { kind: 'text', text: slo },
    history,
  });
  if (ended.decision?.evaluation.kind !== 'judged') throw new Error(ended.message);
  const explanation = explain(ended.decision.slo, ended.decision.evaluation);
  const { evaluation } = ended;
  const own = {
    ...evaluation,
    verdict: ended.verdict,
    why: explanation.why,
    sloFileContent: Buffer.from(evaluation.sloFileContent).toString('base64'),
    decision: explanation,
    ...options.own,
  };
  const data = { status: ended.status, result: ended.result, message: ended.message, evaluation: own };
  const event = finished(attempt, { source: '/evaluate', data });
  const answer = await post(door, event);
  if (answer.status !== 202) throw new Error(`not taken: ${answer.text}`);
  return { id: String(attempt.id), run: String(field(started.json, 'run')), eventId: String(event.id), explanation };
}
