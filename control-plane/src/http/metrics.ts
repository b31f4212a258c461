import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';

/** What the door counts, in the registry that the whole process shares. */
export type HttpMetrics = {
  /** How long an answered request took. Routes are those of the table, so their number is bounded. */
  observe(route: string, status: number, startedMs: number): void;
  refused(code: string): void;
  tasksClaimed(count: number): void;
};

export type HttpGauges = {
  /** Open server-sent-event streams. */
  streams(): number;
  /** Claims that wait for work, and senders that wait for a run. */
  waits(): number;
};

export function httpMetrics(registry: Registry, gauges: HttpGauges): HttpMetrics {
  // Process figures, the event loop's delay among them; once, when several doors share a registry.
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'slipway_http_request_duration_seconds',
    help: 'Time from the request to its answer, by route and status; streams excepted',
    labelNames: ['route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
    registers: [registry],
  });
  const refusals = new Counter({
    name: 'slipway_http_refused_total',
    help: 'Requests that were refused, by problem code',
    labelNames: ['code'] as const,
    registers: [registry],
  });
  const claimed = new Counter({
    name: 'slipway_http_tasks_claimed_total',
    help: 'Attempts that were handed out to claims',
    registers: [registry],
  });
  gauge(registry, 'slipway_http_streams', 'Open streams of server-sent events', gauges.streams);
  gauge(registry, 'slipway_http_waits', 'Claims that wait for work, and senders that wait for a run', gauges.waits);

  type Child = { observe(value: number): void };
  const children = new Map<string, Child>();
  return {
    observe(route, status, startedMs) {
      // Finding a child by its labels costs more than observing it.
      const key = `${route} ${status}`;
      let child = children.get(key);
      if (child === undefined) {
        child = seconds.labels({ route, status: String(status) });
        children.set(key, child);
      }
      child.observe((performance.now() - startedMs) / 1000);
    },
    refused: (code) => refusals.inc({ code }),
    tasksClaimed: (count) => claimed.inc(count),
  };
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
