import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { CONSUMER, IN_STREAM, IN_SUBJECTS, OUT_STREAM, OUT_SUBJECTS } from './subjects.ts';

export interface TopologyOptions {
  /** How long the broker keeps events. */
  maxAgeMs: number;
  /** Copies of each stream in a cluster of brokers; undefined leaves what is there (1 when nothing is). */
  replicas: number | undefined;
}

/** Tells one life from the next: what was removed and made again has another. */
export type Life = {
  streams: string;
  consumer: string;
};

/** The broker holds something that cannot be what Slipway needs; its message says what to change. */
export class BusMisconfigured extends Error {
  override name = 'BusMisconfigured';
}

const NS_PER_MS = 1_000_000;
const DUPLICATE_WINDOW_MS = 120_000;
/**
 * What a control plane that was killed had in hand comes to another, or to the next, after so long. Whoever is alive says
 * so in time of what it has still in hand.
 */
export const ACK_WAIT_MS = 5_000;
const MAX_ACK_PENDING = 5_000;

const ALREADY_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;
const CONSUMER_EXISTS = 10148;

/**
 * Creates the two streams and the consumer, or brings those that are there up to these settings. Any replica may do it
 * at any time, several at once. What an operator set beside (limits, placement, copies) is left as it is.
 */
export async function ensureTopology(manager: JetStreamManager, options: TopologyOptions): Promise<Life> {
  const streams = [
    await ensureStream(manager, IN_STREAM, IN_SUBJECTS, options),
    await ensureStream(manager, OUT_STREAM, OUT_SUBJECTS, options),
  ];
  return { streams: streams.join(' '), consumer: await ensureConsumer(manager) };
}

/** The numbers of the last messages of both streams. */
export async function lastSequences(manager: JetStreamManager): Promise<{ in: number; out: number }> {
  const [last, lastOut] = await Promise.all([manager.streams.info(IN_STREAM), manager.streams.info(OUT_STREAM)]);
  return { in: last.state.last_seq, out: lastOut.state.last_seq };
}

type OurStreamConfig = Pick<
  StreamConfig,
  'name' | 'subjects' | 'retention' | 'storage' | 'max_age' | 'duplicate_window' | 'num_replicas'
>;

function streamConfig(name: string, subjects: string[], options: TopologyOptions): OurStreamConfig {
  return {
    name,
    subjects,
    // Limits, not WorkQueue: several services read the same trigger, and people read what was sent.
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: options.maxAgeMs * NS_PER_MS,
    duplicate_window: Math.min(DUPLICATE_WINDOW_MS, options.maxAgeMs) * NS_PER_MS,
    num_replicas: options.replicas ?? 1,
  };
}

async function ensureStream(
  manager: JetStreamManager,
  name: string,
  subjects: string[],
  options: TopologyOptions,
): Promise<string> {
  const wanted = streamConfig(name, subjects, options);
  const existing = await unlessMissing(manager.streams.info(name));
  if (existing === undefined) {
    try {
      return (await manager.streams.add(wanted)).created;
    } catch (error) {
      if (isApiError(error, SUBJECTS_OVERLAP)) throw overlap(wanted, error);
      // Another replica was faster, with settings of its own.
      if (!isApiError(error, ALREADY_IN_USE)) throw error;
      return ensureStream(manager, name, subjects, options);
    }
  }
  const { config, created } = existing;
  const replicas = options.replicas ?? config.num_replicas;
  if (config.retention !== wanted.retention) {
    throw new BusMisconfigured(
      `stream ${name} has ${config.retention} retention, which loses events for other readers; ` +
        `remove it (nats stream rm ${name}) and start again`,
    );
  }
  const isSame =
    config.max_age === wanted.max_age &&
    config.duplicate_window === wanted.duplicate_window &&
    config.num_replicas === replicas &&
    wanted.subjects.every((subject) => config.subjects.includes(subject));
  if (isSame) return created;
  try {
    await manager.streams.update(name, {
      subjects: [...new Set([...config.subjects, ...wanted.subjects])],
      max_age: wanted.max_age,
      duplicate_window: wanted.duplicate_window,
      num_replicas: replicas,
    });
  } catch (error) {
    if (isApiError(error, SUBJECTS_OVERLAP)) throw overlap(wanted, error);
    throw error;
  }
  return created;
}

function overlap(wanted: OurStreamConfig, cause: unknown): BusMisconfigured {
  return new BusMisconfigured(
    `another stream of this NATS account takes subjects of ${wanted.name} (${wanted.subjects.join(', ')}); ` +
      'give Slipway an account of its own, or remove that stream (nats stream ls names it; an installed Keptn has one)',
    { cause },
  );
}

const consumerConfig = {
  durable_name: CONSUMER,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: ACK_WAIT_MS * NS_PER_MS,
  max_ack_pending: MAX_ACK_PENDING,
  // Whoever decides that an input is poison is the runtime, which says so; never the broker, in silence.
  max_deliver: -1,
} satisfies Partial<ConsumerConfig>;

async function ensureConsumer(manager: JetStreamManager): Promise<string> {
  const existing = await unlessMissing(manager.consumers.info(IN_STREAM, CONSUMER));
  if (existing === undefined) {
    try {
      return (await manager.consumers.add(IN_STREAM, consumerConfig)).created;
    } catch (error) {
      if (!isApiError(error, CONSUMER_EXISTS)) throw error;
      return ensureConsumer(manager);
    }
  }
  const { config, created } = existing;
  const isSame =
    config.ack_wait === consumerConfig.ack_wait &&
    config.max_ack_pending === consumerConfig.max_ack_pending &&
    config.max_deliver === consumerConfig.max_deliver;
  if (!isSame) await manager.consumers.update(IN_STREAM, CONSUMER, consumerConfig);
  return created;
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const isMissing =
      isApiError(error, JetStreamApiCodes.StreamNotFound) || isApiError(error, JetStreamApiCodes.ConsumerNotFound);
    if (isMissing) return undefined;
    throw error;
  }
}

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
