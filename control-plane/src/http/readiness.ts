import type { ControlPlane, PlaneStatus } from '../runtime/control-plane.ts';

const FRESH_MS = 500;
const PATIENCE_MS = 2000;

/**
 * The control plane's status for `/readyz`. The question costs the store a write, so many askers share an answer; and a
 * store that hangs is told from one that is slow by a limit, because a probe that hangs tells nobody anything.
 */
export function makeReadiness(plane: ControlPlane): () => Promise<PlaneStatus> {
  let last: { atMs: number; status: Promise<PlaneStatus> } | undefined;
  return () => {
    const nowMs = performance.now();
    if (last === undefined || nowMs - last.atMs > FRESH_MS) last = { atMs: nowMs, status: askInTime(plane) };
    return last.status;
  };
}

/** Without what errors say, which may be the addresses of the bus and the store: anybody may ask whether it is ready. */
export function forStrangers({ store, bus, ...status }: PlaneStatus): PlaneStatus {
  return {
    ...status,
    store: { ok: store.ok },
    bus: { kind: bus.kind, connected: bus.connected },
    reasons: status.reasons.map((reason) => reason.split(':', 1)[0] ?? ''),
  };
}

async function askInTime(plane: ControlPlane): Promise<PlaneStatus> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<PlaneStatus>((resolve) => {
    timer = setTimeout(() => resolve(notReady(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([plane.status(), late]);
  } catch (error) {
    return notReady(error instanceof Error ? error.message : 'the status cannot be read');
  } finally {
    clearTimeout(timer);
  }
}

function notReady(error: string): PlaneStatus {
  return {
    ready: false,
    store: { ok: false, error },
    bus: { kind: 'unknown', connected: false },
    backlog: 0,
    draining: false,
    reasons: [error],
  };
}
