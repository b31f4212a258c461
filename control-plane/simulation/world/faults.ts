import type { Random } from './random.ts';

/** How unkind a world is. Each history draws its own, so that one sees long outages and another many small faults. */
export type Faults = {
  /** Of each call to the store. */
  store: { refused: number; replyLost: number; appliedLate: number; slowMs: number };
  /** Of each message and answer of the broker. */
  bus: {
    refused: number;
    replyLost: number;
    halfStored: number;
    /** Of the messages: such as the broker will never take. */
    unacceptable: number;
    duplicated: number;
    ackLost: number;
    slowMs: number;
  };
  /** Of each request of a client. */
  door: { requestLost: number; replyLost: number; slowMs: number };
  /** Of each task that a service takes. */
  service: {
    dies: number;
    diesAfterAnswer: number;
    answersTwice: number;
    late: number;
    never: number;
    startedLate: number;
    garbage: number;
    forgetsLedger: number;
  };
  /** How often per minute something happens to the whole. */
  perMinute: {
    crash: number;
    drain: number;
    freeze: number;
    clockJump: number;
    /** Somebody sets the clock of one machine back by a day, and sees it when the faults stop. */
    clockSet: number;
    storeOutage: number;
    brokerOutage: number;
    brokerKilled: number;
    brokerTailLost: number;
  };
  clockSkewMs: number;
  timerLateMs: number;
  /** One replica does not come back when the faults stop. */
  replicaGoneForGood: boolean;
};

export function drawFaults(random: Random): Faults {
  const some = (probability: number, most: number): number => (random.chance(probability) ? random.next() * most : 0);
  return {
    store: {
      refused: some(0.4, 0.1),
      replyLost: some(0.4, 0.1),
      appliedLate: some(0.3, 0.2),
      slowMs: some(0.3, 3000),
    },
    bus: {
      refused: some(0.4, 0.15),
      replyLost: some(0.4, 0.15),
      halfStored: some(0.3, 0.1),
      unacceptable: some(0.1, 0.05),
      duplicated: some(0.5, 0.3),
      ackLost: some(0.4, 0.2),
      slowMs: some(0.3, 3000),
    },
    door: { requestLost: some(0.4, 0.15), replyLost: some(0.4, 0.2), slowMs: some(0.2, 2000) },
    service: {
      dies: some(0.4, 0.2),
      diesAfterAnswer: some(0.3, 0.2),
      answersTwice: some(0.4, 0.2),
      late: some(0.3, 0.2),
      never: some(0.3, 0.1),
      startedLate: some(0.3, 0.2),
      garbage: some(0.3, 0.1),
      forgetsLedger: some(0.5, 0.5),
    },
    perMinute: {
      crash: some(0.6, 6),
      drain: some(0.25, 2),
      freeze: some(0.3, 3),
      clockJump: some(0.25, 3),
      clockSet: some(0.1, 2),
      storeOutage: some(0.3, 2),
      brokerOutage: some(0.35, 2),
      brokerKilled: some(0.3, 2),
      brokerTailLost: some(0.15, 1),
    },
    clockSkewMs: some(0.3, 2000),
    timerLateMs: some(0.3, 1000),
    replicaGoneForGood: random.chance(0.3),
  };
}

/** A world where nothing goes wrong: what it becomes when the faults stop. */
export function noFaults(): Faults {
  return {
    store: { refused: 0, replyLost: 0, appliedLate: 0, slowMs: 0 },
    bus: { refused: 0, replyLost: 0, halfStored: 0, unacceptable: 0, duplicated: 0, ackLost: 0, slowMs: 0 },
    door: { requestLost: 0, replyLost: 0, slowMs: 0 },
    service: {
      dies: 0,
      diesAfterAnswer: 0,
      answersTwice: 0,
      late: 0,
      never: 0,
      startedLate: 0,
      garbage: 0,
      forgetsLedger: 0,
    },
    perMinute: {
      crash: 0,
      drain: 0,
      freeze: 0,
      clockJump: 0,
      clockSet: 0,
      storeOutage: 0,
      brokerOutage: 0,
      brokerKilled: 0,
      brokerTailLost: 0,
    },
    clockSkewMs: 0,
    timerLateMs: 0,
    replicaGoneForGood: false,
  };
}
