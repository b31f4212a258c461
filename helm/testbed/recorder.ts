import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import { warningsOf } from './api.ts';

const SERVER_SIDE_APPLY = /^application\/apply-patch\+/;
/** Helm's own memory of a release. */
const RELEASE = /\/secrets(\/sh\.helm\.release\.v1\.[^/?]+)?(\?|$)/;

/** What Helm did since the last `take`. */
export type Recorded = {
  /** What the API server warned of, each with what it was about. */
  warnings: string[];
  /** Objects sent as server-side apply. */
  applied: number;
  /** Objects written in another way, beside Helm's memory. */
  otherWrites: string[];
};

/**
 * Stands between Helm and the API server, as its administrator, and records what Helm itself does not tell: warnings of every
 * answer, and in which way objects are written.
 */
export async function startRecorder(options: { port: number; token: string; ca: Buffer }) {
  const agent = new Agent({ ca: options.ca, servername: 'kubernetes.default.svc', keepAlive: true });
  let recorded = fresh();

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const headers = { ...incoming.headers, authorization: `Bearer ${options.token}`, host: 'kubernetes.default.svc' };
    const { method = 'GET', url = '/' } = incoming;
    const onward = request({ host: '127.0.0.1', port: options.port, method, path: url, headers, agent }, (answer) => {
      note(recorded, incoming, answer);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', (error) => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end(error.message);
    });
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  };

  const server = createServer(forward).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    take(): Recorded {
      const taken = recorded;
      recorded = fresh();
      return taken;
    },
    stop(): void {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}

export type Recorder = Awaited<ReturnType<typeof startRecorder>>;

function fresh(): Recorded {
  return { warnings: [], applied: 0, otherWrites: [] };
}

function note(recorded: Recorded, asked: IncomingMessage, answer: IncomingMessage): void {
  const { method = '', url = '' } = asked;
  const about = `${method} ${url.split('?')[0]}`;
  recorded.warnings.push(...warningsOf(answer.headers.warning).map((warning) => `${about}: ${warning}`));
  if (!['POST', 'PUT', 'PATCH'].includes(method)) return;
  if (method === 'PATCH' && SERVER_SIDE_APPLY.test(asked.headers['content-type'] ?? '')) recorded.applied += 1;
  else if (!RELEASE.test(url)) recorded.otherWrites.push(about);
}
