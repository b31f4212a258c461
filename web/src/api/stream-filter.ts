import type { StreamItem } from './stream-item.ts';

/** A filter of `GET /v1/stream` by its query parameters. */
export type Filter = ReadonlyMap<string, string>;

export function filterOf(query: string): Filter {
  return new Map(new URLSearchParams(query));
}

export function queryOf(filter: Filter): string {
  return filter.size === 0 ? '' : `?${new URLSearchParams([...filter])}`;
}

/** The narrowest filter that lets through everything that any of `filters` does: what all of them ask for. */
export function unionOf(filters: readonly Filter[]): Filter {
  const [first, ...rest] = filters;
  return new Map([...(first ?? [])].filter(([key, value]) => rest.every((other) => other.get(key) === value)));
}

/** Whether a stream with the filter `wide` carries everything that `narrow` lets through. */
export function covers(wide: Filter, narrow: Filter): boolean {
  return [...wide].every(([key, value]) => narrow.get(key) === value);
}

/**
 * The server's rule for one item, for a stream that several tabs share. `projectOf` names the project of a run: an event whose data
 * travel separately does not carry it.
 */
export function matches(filter: Filter, item: StreamItem, projectOf: (run: string) => string | undefined): boolean {
  return [...filter].every(([key, value]) => {
    if (key === 'kind') return value === 'all' || value === item.kind;
    return item.kind === 'run' ? runValue(item, key) === value : eventHas(item, key, value, projectOf);
  });
}

function runValue({ value: run }: StreamItem & { kind: 'run' }, key: string): unknown {
  if (key.startsWith('label.')) return run.labels?.[key.slice('label.'.length)];
  return key === 'run' ? run.id : (run as Record<string, unknown>)[key];
}

const KEPTN_PREFIX = 'sh.keptn.event.';

function eventHas(
  { value: view }: StreamItem & { kind: 'event' },
  key: string,
  wanted: string,
  projectOf: (run: string) => string | undefined,
): boolean {
  const { event } = view;
  const data: Record<string, unknown> = typeof event.data === 'object' && event.data !== null ? { ...event.data } : {};
  switch (key) {
    case 'type':
      return plain(String(event.type)) === plain(wanted);
    case 'correlationid':
      return (event.correlationid ?? event.shkeptncontext) === wanted;
    case 'run':
      return view.run === wanted;
    case 'project':
      return (data.project ?? (view.run === undefined ? undefined : projectOf(view.run))) === wanted;
    default:
      return data[key] === wanted;
  }
}

function plain(type: string): string {
  return type.startsWith(KEPTN_PREFIX) ? type.slice(KEPTN_PREFIX.length) : type;
}
