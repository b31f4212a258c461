import { isObject } from '@slipway/contract';

/** What readers tell events apart by. */
const KEPT = ['project', 'stage', 'service', 'status', 'result'] as const;

/** What travels: the event as it is, or, when that is too large, by reference. */
export function bodyOf(json: string, bytesMax: number): Buffer {
  const body = Buffer.from(json);
  if (body.length <= bytesMax) return body;
  try {
    return Buffer.from(asReference(json));
  } catch {
    // It is no event; the broker says what it thinks of its size.
    return body;
  }
}

/** An event whose data are too large to travel, with their address in their place: the control plane has them. */
function asReference(json: string): string {
  const event = JSON.parse(json) as { id: string; data?: unknown };
  const { data } = event;
  const kept: Record<string, unknown> = {};
  if (isObject(data)) for (const key of KEPT) if (data[key] !== undefined) kept[key] = data[key];
  return JSON.stringify({ ...event, dataref: `/v1/data/${encodeURIComponent(event.id)}`, data: kept });
}
