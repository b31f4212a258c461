import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { KeptnDoorWorld } from './keptn-door-world.ts';

type Exchange = {
  step: string;
  door: 'gateway' | 'internal';
  request: { method: string; path: string; query: Record<string, string> };
  body: unknown;
  response: { status: number; body: unknown };
};

const { exchanges } = load(readFileSync(new URL('./keptn-exchanges.yaml', import.meta.url), 'utf8')) as {
  exchanges: Exchange[];
};

/** Slipway keeps no secrets for Keptn's services, which read Kubernetes' own. */
const LEFT_OUT = new Set(['cli-secret']);
/** What Slipway's own shipyard version stands for in the recording. */
const RECORDED_VERSION = 'ca41d51f334fbbe9';

/**
 * What real clients asked, in the order they did: each answer has the recorded status, and each member they could read. Between the
 * requests the test does what the recorded services did on their own.
 */
test('every recorded request of a real Keptn client gets the answer that the client went on with', async () => {
  await using world = await KeptnDoorWorld.start();
  const problems: string[] = [];
  const replaced = new Map<string, string>();
  for (const [index, exchange] of exchanges.entries()) {
    if (LEFT_OUT.has(exchange.step)) continue;
    await prepare(world, exchange, replaced);
    const { method, path, query } = exchange.request;
    const search = new URLSearchParams(query).toString();
    const full = withReplaced(`${path}${search === '' ? '' : `?${search}`}`, replaced);
    const answer = await world.ask(method, full, exchange.body ?? undefined, { inside: exchange.door === 'internal' });
    const context = (exchange.response.body as { keptnContext?: string } | null)?.keptnContext;
    const ours = (answer.body as { keptnContext?: string } | null)?.keptnContext;
    if (context !== undefined && ours !== undefined) replaced.set(context, ours);
    if (ours !== undefined && path.endsWith('/evaluation')) await world.awaitOpen('evaluation', ours);
    const where = `${index} ${exchange.step} ${method} ${full}`;
    const isWrite = exchange.response.status === 201 && answer.status === 200;
    if (answer.status !== exchange.response.status && !isWrite) {
      problems.push(`${where}: ${answer.status}, recorded ${exchange.response.status}: ${JSON.stringify(answer.body)}`);
    } else {
      problems.push(...differences(exchange.response.body, answer.body, where));
    }
  }
  expect(problems).toEqual([]);
});

const REGISTRATION = /\/uniform\/registration\/([0-9a-f]{40})/;

async function prepare(
  world: KeptnDoorWorld,
  { step, request, response }: Exchange,
  replaced: Map<string, string>,
): Promise<void> {
  const { path, query, method } = request;
  const known = REGISTRATION.exec(path)?.[1];
  const answered = response.body as { id?: string } | undefined;
  if (known !== undefined && path.endsWith('/ping') && answered?.id === known) {
    // Some services registered before the recording began.
    await world.ask('POST', '/api/controlPlane/v1/uniform/registration', { ...answered, id: '' });
  }
  const openTask = /\/event\/triggered\/sh\.keptn\.event\.([^.]+)\.triggered$/.exec(path)?.[1];
  const hasEvents = ((response.body as { events?: unknown[] } | undefined)?.events?.length ?? 0) > 0;
  if (openTask !== undefined && hasEvents) await openAttempt(world, openTask);
  if (step === 'approval' && query.eventID !== undefined) {
    const context = await world.trigger('dev.manual', { project: 'shop', stage: 'dev', service: 'cartm' });
    replaced.set(query.eventID, String((await world.awaitOpen('approval', context)).id));
  }
  if (step === 'webhook' && method === 'GET')
    await world.ask('POST', '/api/controlPlane/v1/project/shop/service', { serviceName: 'cartw' });
  if (path.endsWith('/slo.yaml')) await put(world, '/stage/dev/service/cart', 'slo.yaml', response.body);
  if (path.endsWith('prometheus%2Fsli.yaml') && response.status === 200) {
    await put(world, '/stage/dev/service/cart', 'prometheus/sli.yaml', response.body);
  }
  if (query.gitCommitID === RECORDED_VERSION) {
    const shipyard = await fetch(`${world.gateway}/v1/projects/shop/shipyard`);
    replaced.set(RECORDED_VERSION, ((await shipyard.json()) as { version: string }).version);
  }
  if (path.endsWith('/evaluation')) await abortAll(world);
}

/** Sequences of one service run one after the other: what was left open would hold up the next. */
async function abortAll(world: KeptnDoorWorld): Promise<void> {
  const listed = await fetch(`${world.gateway}/v1/runs?project=shop&limit=200`);
  const { items } = (await listed.json()) as { items: { id: string; state: string }[] };
  for (const { id, state } of items) {
    if (state !== 'finished') await fetch(`${world.gateway}/v1/runs/${id}/abort`, { method: 'POST' });
  }
}

async function put(world: KeptnDoorWorld, level: string, resourceURI: string, body: unknown): Promise<void> {
  const { resourceContent } = body as { resourceContent: string };
  const path = `/api/resource-service/v1/project/shop${level}/resource`;
  await world.ask('POST', path, { resources: [{ resourceURI, resourceContent }] });
}

/** Starts the sequence whose task is polled for, and does the tasks before it. */
async function openAttempt(world: KeptnDoorWorld, task: string): Promise<void> {
  const data = { project: 'shop', stage: 'dev' };
  if (task === 'approval') {
    const context = await world.trigger('dev.delivery', { ...data, service: 'cart-ev' });
    await world.work(await world.awaitOpen('echo', context));
    await world.awaitOpen('approval', context);
    return;
  }
  const sequences: Record<string, string> = { echofile: 'files', v02: 'old', jobtask: 'job', jobagain: 'jobtwice' };
  const service = `for-${task}`;
  const context = await world.trigger(`dev.${sequences[task]}`, { ...data, service });
  if (task === 'jobagain') await world.work(await world.awaitOpen('jobtask', context));
  await world.awaitOpen(task, context);
}

function withReplaced(text: string, replaced: ReadonlyMap<string, string>): string {
  let shown = text;
  for (const [from, to] of replaced) shown = shown.replaceAll(from, to);
  return shown;
}

/** Members that the recorded answer has and ours lacks, or has as another type. What services wrote into `data` is theirs. */
function differences(recorded: unknown, ours: unknown, at: string): string[] {
  if (recorded === null || recorded === undefined) return [];
  if (Array.isArray(recorded)) {
    if (!Array.isArray(ours)) return [`${at}: no list`];
    if (recorded.length === 0) return [];
    return ours.length === 0 ? [`${at}: an empty list`] : differences(recorded[0], ours[0], `${at}[0]`);
  }
  if (typeof recorded !== 'object') {
    return typeof recorded === typeof ours ? [] : [`${at}: ${typeof ours}, recorded ${typeof recorded}`];
  }
  if (typeof ours !== 'object' || ours === null) return [`${at}: no object`];
  return Object.entries(recorded).flatMap(([key, value]) => {
    if (key === 'data' || key === 'lastEventTypes') return [];
    if (!Object.hasOwn(ours, key)) return value === null ? [] : [`${at}.${key} is missing`];
    return differences(value, (ours as Record<string, unknown>)[key], `${at}.${key}`);
  });
}
