import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Histogram, Registry } from 'prom-client';

/**
 * The shop, a service as small as can be: `GET /` sells something, `GET /version` says which build this is, `GET /metrics`
 * is what Prometheus scrapes. Its builds differ as builds do; what they are like is known to nobody else.
 */
interface Build {
  readonly workMs: number;
  readonly failureShare: number;
}

const BUILDS: Readonly<Record<string, Build>> = {
  '1.0.0': { workMs: 15, failureShare: 0 },
  // Somebody asks the database in a loop now, and it gives up on every fourth customer.
  '1.1.0': { workMs: 900, failureShare: 0.25 },
};

const { BUILD = '', STAGE = '', PORT = '' } = process.env;
const build = BUILDS[BUILD];
if (build === undefined) {
  console.error(`there is no build '${BUILD}': ${Object.keys(BUILDS).join(', ')}`);
  process.exit(2);
}

const registry = new Registry();
registry.setDefaultLabels({ stage: STAGE, build: BUILD });
const requests = new Counter({
  name: 'shop_requests_total',
  help: 'Requests by status code',
  labelNames: ['code'],
  registers: [registry],
});
const seconds = new Histogram({
  name: 'shop_request_seconds',
  help: 'How long a request took',
  buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2],
  registers: [registry],
});

let served = 0;

async function sell({ workMs, failureShare }: Build): Promise<number> {
  const stop = seconds.startTimer();
  served += 1;
  // Every n-th instead of a random one: the example ends the same way each time.
  const fails = failureShare > 0 && served % Math.round(1 / failureShare) === 0;
  await sleep(workMs);
  stop();
  requests.inc({ code: fails ? '500' : '200' });
  return fails ? 500 : 200;
}

async function answer(path: string, which: Build): Promise<{ status: number; type: string; body: string }> {
  const type = 'text/plain; charset=utf-8';
  switch (path) {
    case '/':
      return { status: await sell(which), type, body: 'sold\n' };
    case '/version':
      return { status: 200, type, body: BUILD };
    case '/metrics':
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    default:
      return { status: 404, type, body: `there is no ${path}\n` };
  }
}

createServer((request, response) => {
  answer(request.url ?? '/', build).then(
    ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(Number(PORT), '127.0.0.1');
