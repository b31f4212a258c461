import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { CloudEvent } from '@slipway/sdk';

/**
 * An SLI provider as they were written for Keptn v1: it knows Keptn's event types and nothing of Slipway. It sees
 * get-sli.triggered, looks whether it is meant, says started and finished.
 */
export interface Provider extends AsyncDisposable {
  readonly asked: readonly CloudEvent[];
}

type Fields = Readonly<Record<string, unknown>>;
type Say = (type: 'started' | 'finished', data: unknown) => Promise<void>;
export type Behaviour = (event: CloudEvent, data: Fields, say: Say) => Promise<void> | void;

const SOURCE = 'prometheus-service';

/** Answers each SLI with a value, like a provider that has no trouble. */
export const answering =
  (values: Readonly<Record<string, number>>): Behaviour =>
  async (_, data, say) => {
    const asked = data['get-sli'] as { start: string; end: string; indicators?: string[] };
    const common = commonOf(data);
    await say('started', common);
    const indicatorValues = (asked.indicators ?? []).map((metric) => ({
      metric,
      value: values[metric] ?? 0,
      success: true,
    }));
    const answer = { start: asked.start, end: asked.end, indicatorValues };
    await say('finished', { ...common, status: 'succeeded', result: 'pass', 'get-sli': answer });
  };

export function commonOf({ project, stage, service, labels }: Fields): Fields {
  return { project, stage, service, ...(labels === undefined ? {} : { labels }) };
}

/** As Keptn's Go SDK answers: structured mode, its extensions, a source without a slash. */
function answerTo(asked: CloudEvent, type: string, data: unknown): Fields {
  return {
    ...{ specversion: '1.0', id: crypto.randomUUID(), source: SOURCE, type: `sh.keptn.event.get-sli.${type}` },
    ...{ time: new Date().toISOString(), datacontenttype: 'application/json', shkeptnspecversion: '0.2.4' },
    ...{ shkeptncontext: asked.shkeptncontext, triggeredid: asked.id, data },
  };
}

/** On Keptn's bus: core NATS, Keptn's subjects. */
export async function natsProvider(url: string, behaviour: Behaviour): Promise<Provider> {
  const connection: NatsConnection = await connect({ servers: url });
  const asked: CloudEvent[] = [];
  connection.subscribe('sh.keptn.event.get-sli.triggered', {
    callback: (_, message) => {
      const event: CloudEvent = message.json();
      // A bus delivers at least once, and each provider knows that.
      if (asked.some(({ id }) => id === event.id)) return;
      asked.push(event);
      const say: Say = async (type, data) => {
        const answer = JSON.stringify(answerTo(event, type, data));
        connection.publish(`sh.keptn.event.get-sli.${type}`, answer);
      };
      // What it cannot send is not sent: a provider that dies is one of the rows.
      void Promise.resolve(behaviour(event, event.data as Fields, say)).catch(() => undefined);
    },
  });
  await connection.flush();
  return { asked, [Symbol.asyncDispose]: () => connection.close() };
}

/** Over HTTP: it asks for events, as Keptn's distributor did where there was no bus, and posts its answers. */
export async function httpProvider(server: string, behaviour: Behaviour): Promise<Provider> {
  const asked: CloudEvent[] = [];
  const ending = new AbortController();
  const post = (path: string, body: unknown, type: string): Promise<Response> =>
    fetch(`${server}${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: JSON.stringify(body),
      signal: ending.signal,
    });
  const answer = async (event: CloudEvent): Promise<void> => {
    const say: Say = async (type, data) => {
      const body = answerTo(event, type, data);
      await post('/v1/events', body, 'application/cloudevents+json');
    };
    await behaviour(event, event.data as Fields, say);
  };
  const poll = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const claimed = await post('/v1/tasks/get-sli/claim?wait=5s', { source: SOURCE }, 'application/json');
      if (claimed.status !== 200) continue;
      const events = (await claimed.json()) as CloudEvent[];
      asked.push(...events);
      for (const event of events) void answer(event).catch(() => undefined);
    }
  };
  const polling = poll().catch(() => undefined);
  return {
    asked,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await polling;
    },
  };
}
