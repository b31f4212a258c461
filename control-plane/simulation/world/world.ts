import { createHash } from 'node:crypto';
import type { Accepted, CloudEvent } from '@slipway/contract';
import type { BusMessage } from '../../src/bus/bus.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { BusService } from '../actors/bus-service.ts';
import { ClaimService } from '../actors/claim-service.ts';
import { Operator } from '../actors/operator.ts';
import { Triggerer } from '../actors/triggerer.ts';
import { AcceptedIsKept } from '../checkers/accepted-is-kept.ts';
import { AnsweredIsSeen } from '../checkers/answered-is-seen.ts';
import { Attempts } from '../checkers/attempts.ts';
import type { Checker, End, Scene } from '../checkers/checker.ts';
import { Groups } from '../checkers/groups.ts';
import { JournalFolds } from '../checkers/journal-folds.ts';
import { NothingLeftOpen } from '../checkers/nothing-left-open.ts';
import { RunRules } from '../checkers/run-rules.ts';
import { SameNameTasks } from '../checkers/same-name-tasks.ts';
import { Timing } from '../checkers/timing.ts';
import { Told } from '../checkers/told.ts';
import { graphShipyardOf } from '../workload/graphs.ts';
import { shipyardOf } from '../workload/shipyards.ts';
import { Broker } from './broker.ts';
import { Database } from './database.ts';
import { Door } from './door.ts';
import type { Faults } from './faults.ts';
import { drawFaults, noFaults } from './faults.ts';
import type { Life } from './life.ts';
import { openMemoryBus } from './memory-bus.ts';
import { openMemoryLocalBus } from './memory-local-bus.ts';
import type { StoreWay } from './memory-store.ts';
import { openMemoryStore } from './memory-store.ts';
import { Random } from './random.ts';
import { Replica } from './replica.ts';
import { settled, Timeline } from './timeline.ts';

const SHIPYARDS = 200;
const PROJECT = 'shop';
const CALM_MAX_MS = 40 * 60_000;
/**
 * What a service has answered may be gone with the broker's disk, or it has acked one copy of a trigger and died at work on the
 * other: it is asked again only after a long silence.
 */
const SILENCE_MAX_MS = 70 * 60_000;
const LOOK_EVERY_MS = 1000;
const QUIET_MS = 2000;
/** Some of what is in memory goes only when a lease has run out, or when the store is looked through again. */
const QUIET_MEMORY_MS = 160_000;
const JUMP_MAX_MS = 5000;
const DAY_MS = 86_400_000;

export type Violation = { checker: string; what: string; atMs: number };
export type History = {
  seed: number;
  violations: Violation[];
  /** Hash of everything that was committed and published, in order. */
  journal: string;
  runs: number;
  commits: number;
  steps: number;
  virtualMs: number;
};

type Mode = 'embedded' | 'nats' | 'cluster';

/** What a history may be found guilty of, by those who say so. */
export const checkerNames = [
  'run-rules',
  'one-run-per-trigger',
  'one-trigger-per-attempt',
  'task-runs-once-past-finish',
  'same-name-tasks',
  'no-two-in-a-group',
  'queue-order',
  'timers-never-early',
  'pause-leaks-nothing',
  'journal-folds',
  'accepted-is-kept',
  'survives-the-broker',
  'nothing-left-open',
  'answered-is-seen',
  'same-seed-same-journal',
] as const;
/** `graphs`: the shipyards of this world are graphs. */
export type WorldOptions = { seed: number; trace?: (line: string) => void; graphs?: boolean };

/** Plays one history: a world of faults for a while, then a calm one, in which everything has to come to its end. */
export async function playHistory(options: WorldOptions): Promise<History> {
  const world = new World(options);
  return world.play();
}

class World {
  readonly #seed: number;
  readonly #random: Random;
  readonly #timeline = new Timeline();
  readonly #faults: Faults;
  readonly #mode: Mode;
  readonly #database: Database;
  readonly #broker: Broker;
  readonly #way: StoreWay;
  readonly #replicas: Replica[] = [];
  readonly #door: Door;
  readonly #services: (BusService | ClaimService)[] = [];
  readonly #operator: Operator;
  readonly #triggerer: Triggerer;
  readonly #checkers: Checker[] = [];
  readonly #violations: Violation[] = [];
  readonly #hash = createHash('sha1');
  readonly #trace: ((line: string) => void) | undefined;
  readonly #scene: Scene;
  #commits = 0;

  constructor({ seed, trace, graphs }: WorldOptions) {
    this.#seed = seed;
    this.#trace = trace;
    this.#random = new Random(seed);
    const random = this.#random;
    const timeline = this.#timeline;
    this.#mode = random.weighted({ embedded: 25, nats: 20, cluster: 55 });
    this.#faults = drawFaults(random);
    const number = random.below(SHIPYARDS);
    const shipyard = graphs ? graphShipyardOf(number) : shipyardOf(number);
    this.#database = new Database({
      whole: this.#mode !== 'cluster',
      onCommit: (item) => {
        this.#commits++;
        this.#note(`commit ${item.stream}/${item.seq} ${item.at} ${item.header} ${item.events.join(' ')}`);
        for (const checker of this.#checkers) checker.onCommit?.(item);
      },
    });
    this.#way = { awayUntil: 0, faults: this.#faults.store, unanswered: new Set() };
    this.#broker = new Broker({
      timeline,
      random: random.fork(),
      faults: this.#faults.bus,
      onStored: (message) => {
        this.#note(`stored ${message.messageId}`);
        for (const checker of this.#checkers) checker.onStored?.(message);
      },
    });
    const withBroker = this.#mode !== 'embedded';
    const count = this.#mode === 'cluster' ? random.between(2, 3) : 1;
    for (let index = 0; index < count; index++) this.#replicas.push(this.#replica(`replica${index}`, random.fork()));
    this.#door = new Door({ timeline, random: random.fork(), replicas: this.#replicas, faults: this.#faults.door });
    this.#scene = {
      timeline,
      database: this.#database,
      broker: withBroker ? this.#broker : undefined,
      plan: shipyard.plan,
      shared: this.#mode === 'cluster',
      skewMaxMs: 2 * (this.#faults.clockSkewMs + JUMP_MAX_MS) + (this.#faults.perMinute.clockSet > 0 ? DAY_MS : 0),
      planes: () => this.#replicas.flatMap((replica) => (replica.plane ? [replica.plane] : [])),
      fail: (checker, what) => {
        this.#note(`VIOLATION ${checker}: ${what}`);
        this.#violations.push({ checker, what, atMs: Math.round(timeline.elapsed) });
      },
    };
    const folds = new JournalFolds(this.#scene);
    const scene = this.#scene;
    this.#checkers.push(new RunRules(scene), new Attempts(scene), new Groups(scene), new Timing(scene), folds);
    this.#checkers.push(
      new SameNameTasks(scene),
      new AcceptedIsKept(scene),
      new Told(scene),
      new NothingLeftOpen(scene),
      new AnsweredIsSeen(scene),
    );
    this.#operator = new Operator({
      timeline,
      random: random.fork(),
      door: this.#door,
      runs: () => [...folds.runs().keys()],
      paused: () =>
        [...folds.runs().values()].filter((run) => run.kind !== 'finished' && run.paused).map((run) => run.id),
    });
    const submit = (client: Life, event: CloudEvent): Promise<Accepted> => this.#submit(client, event);
    this.#triggerer = new Triggerer({
      timeline,
      random: random.fork(),
      submit,
      broker: withBroker ? this.#broker : undefined,
    });

    const { plan, text, keptn } = shipyard;
    this.#database.putDocument('shipyard', `${PROJECT}/${plan.version}`, {
      project: PROJECT,
      version: plan.version,
      text,
      plan,
      createdAt: 0,
    });
    this.#database.putDocument('project', PROJECT, {
      name: PROJECT,
      dialect: keptn ? 'keptn' : 'plain',
      config: {},
      retention: { finishedRunsForMs: null, finishedRunsMax: null },
      limits: { openRunsMax: null },
      createdAt: 0,
      updatedAt: 0,
      shipyardVersion: plan.version,
    });
    this.#drawServices(withBroker, submit);
  }

  #note(line: string): void {
    this.#hash.update(line);
    this.#trace?.(`${this.#timeline.elapsed.toFixed(1).padStart(10)} ${line}`);
  }

  #replica(name: string, random: Random): Replica {
    const timeline = this.#timeline;
    const replica = new Replica(name, {
      timeline,
      random,
      shared: this.#mode === 'cluster',
      startPlane,
      lateMs: () => this.#faults.timerLateMs,
      openStore: (life) =>
        openMemoryStore({ database: this.#database, timeline, life, random: random.fork(), way: this.#way }),
      openBus: (life) => {
        const onPublish = (message: BusMessage): void => {
          this.#note(`publish ${name} ${message.messageId} ${message.json}`);
          for (const checker of this.#checkers) checker.onPublish?.(message);
        };
        if (this.#mode === 'embedded') return openMemoryLocalBus({ life, onPublish });
        return openMemoryBus({
          broker: this.#broker,
          timeline,
          life,
          random: random.fork(),
          onPublish,
          onAck: (message) => {
            this.#note(`ack ${name} ${message.messageId}`);
            for (const checker of this.#checkers) checker.onAck?.(message);
          },
        });
      },
      onLog: (who, details, message) => this.#trace?.(`           ${who}: ${message} ${JSON.stringify(details)}`),
    });
    if (this.#faults.clockSkewMs > 0) replica.machine.skewMs = (random.next() * 2 - 1) * this.#faults.clockSkewMs;
    return replica;
  }

  #submit(client: Life, event: CloudEvent): Promise<Accepted> {
    return this.#door.call(client, async (plane) => {
      const accepted = await plane.submit([{ event }]);
      for (const item of accepted.items) for (const checker of this.#checkers) checker.onAccepted?.(event, item);
      return accepted;
    });
  }

  #drawServices(withBroker: boolean, submit: (client: Life, event: CloudEvent) => Promise<Accepted>): void {
    const random = this.#random;
    const timeline = this.#timeline;
    const executors = new Map<string, number>();
    for (const stage of this.#scene.plan.stages)
      for (const sequence of stage.sequences)
        for (const task of sequence.tasks)
          executors.set(task.uses, Math.max(executors.get(task.uses) ?? 1, task.executors));
    for (const [task, wanted] of executors) {
      const count = wanted + (random.chance(0.25) ? 1 : 0);
      const claims = !withBroker || random.chance(0.3);
      for (let index = 0; index < count; index++) {
        const source = `${task}-service-${index}`;
        const faults = this.#faults.service;
        if (claims && (!withBroker || random.chance(0.8))) {
          this.#services.push(
            new ClaimService(source, task, faults, { door: this.#door, timeline, random: random.fork(), submit }),
          );
        } else {
          const onAnswer = (): void => undefined;
          this.#services.push(
            new BusService(source, task, faults, { broker: this.#broker, timeline, random: random.fork(), onAnswer }),
          );
        }
      }
    }
  }

  async play(): Promise<History> {
    const random = this.#random;
    const timeline = this.#timeline;
    const chaosMs = random.between(15, 90) * 1000;
    this.#trace?.(`seed ${this.#seed} ${this.#mode} ${JSON.stringify(this.#faults)}`);
    for (const replica of this.#replicas) timeline.after(random.next() * 500, () => replica.start());
    this.#drawTriggers(chaosMs);
    const commands = random.chance(0.4) ? random.between(1, 8) : 0;
    for (let index = 0; index < commands; index++) this.#operator.meddle(random.next() * chaosMs);
    this.#drawDisasters(chaosMs);
    let calm = false;
    timeline.after(chaosMs, () => {
      calm = true;
      this.#calmDown();
    });

    const looksAtMemory = random.chance(0.1);
    const quietMs = looksAtMemory ? QUIET_MEMORY_MS : QUIET_MS;
    let steps = 0;
    let nextLook = 0;
    let timedOut = false;
    let quietSince = chaosMs;
    while (timeline.step()) {
      await settled();
      steps++;
      if (this.#violations.length > 0) break;
      if (!calm || timeline.elapsed < nextLook) continue;
      nextLook = timeline.elapsed + LOOK_EVERY_MS;
      this.#operator.resumeAll();
      if (!this.#isOver()) quietSince = timeline.elapsed;
      timedOut = timeline.elapsed > chaosMs + CALM_MAX_MS + (this.#mode === 'embedded' ? 0 : SILENCE_MAX_MS);
      // For a while longer, so that what the last end has set going is over too.
      if (timedOut || timeline.elapsed - quietSince > quietMs) break;
    }
    if (this.#violations.length === 0) await this.#lookAtEnd({ timedOut, looksAtMemory });
    return {
      seed: this.#seed,
      violations: this.#violations,
      journal: this.#hash.digest('hex'),
      runs: this.#database.streams.size,
      commits: this.#commits,
      steps,
      virtualMs: Math.round(timeline.elapsed),
    };
  }

  /** What checkers ask of the replicas takes its time in the world, too. */
  async #lookAtEnd(end: End): Promise<void> {
    let over = false;
    const looking = (async () => {
      for (const checker of this.#checkers) await checker.atEnd?.(end);
    })().finally(() => {
      over = true;
    });
    await settled();
    while (!over && this.#timeline.step()) await settled();
    await looking;
  }

  #drawTriggers(chaosMs: number): void {
    const random = this.#random;
    const { plan } = this.#scene;
    const count = random.between(1, 14);
    const services = random.chance(0.5) ? [undefined] : ['cart', 'pay'];
    const keptn = plan.apiVersion.startsWith('spec.keptn.sh/');
    for (let index = 0; index < count; index++) {
      const stage = random.chance(0.7) ? plan.stages[0] : random.pick(plan.stages);
      const sequence = random.pick(stage?.sequences ?? []);
      const at = { id: `trigger-${index}`, stage: sequence.stage, sequence: sequence.name };
      this.#triggerer.send(
        { ...at, project: PROJECT, keptn, service: random.pick(services) },
        random.next() * chaosMs * 0.9,
      );
    }
  }

  #drawDisasters(chaosMs: number): void {
    const random = this.#random;
    const timeline = this.#timeline;
    const { perMinute } = this.#faults;
    const repeat = (often: number, happen: () => void): void => {
      if (often <= 0) return;
      const next = (-Math.log(1 - random.next()) * 60_000) / often;
      timeline.after(next, () => {
        if (timeline.elapsed >= chaosMs) return;
        happen();
        repeat(often, happen);
      });
    };
    const outageMs = (): number => random.latency(3000, 60_000);
    repeat(perMinute.crash, () => random.pick(this.#replicas).crash(50 + random.latency(1000, 20_000)));
    repeat(perMinute.drain, () => random.pick(this.#replicas).drain(50 + random.latency(1000, 20_000)));
    repeat(perMinute.freeze, () => random.pick(this.#replicas).life.freeze(random.latency(2000, 40_000)));
    repeat(perMinute.clockJump, () => {
      random.pick(this.#replicas).machine.skewMs = (random.next() * 2 - 1) * JUMP_MAX_MS;
    });
    repeat(perMinute.clockSet, () => {
      random.pick(this.#replicas).machine.skewMs = -DAY_MS;
    });
    repeat(perMinute.storeOutage, () => {
      this.#way.awayUntil = timeline.now + outageMs();
    });
    if (this.#mode === 'embedded') return;
    repeat(perMinute.brokerOutage, () => this.#broker.goAway(outageMs()));
    repeat(perMinute.brokerKilled, () => this.#broker.kill(outageMs(), 3000));
    repeat(perMinute.brokerTailLost, () => this.#broker.loseTail(outageMs(), random.latency(500, 5000)));
  }

  /** The faults stop: everybody is back, but for a replica that may be gone for good. */
  #calmDown(): void {
    this.#trace?.('---------- calm');
    const calm = noFaults();
    this.#way.faults = calm.store;
    this.#way.awayUntil = 0;
    this.#broker.faults = calm.bus;
    this.#broker.awayUntil = 0;
    this.#door.faults = calm.door;
    for (const service of this.#services) service.faults = calm.service;
    for (const { machine } of this.#replicas) if (machine.skewMs <= -DAY_MS) machine.skewMs = 0;
    const [first] = this.#replicas;
    if (this.#faults.replicaGoneForGood && this.#replicas.length > 1 && first) {
      first.goneForGood = true;
      first.crash(0);
    }
  }

  #isOver(): boolean {
    if (this.#triggerer.waiting > 0 || this.#operator.busy > 0) return false;
    // What its replica has not heard to be durable need not be seen yet.
    if (this.#way.unanswered.size > 0) return false;
    if (this.#mode !== 'embedded' && !this.#broker.idle) return false;
    if (this.#database.timerCount > 0) return false;
    for (const stream of this.#database.streams.values()) {
      if (stream.open || (stream.summary && stream.summary.state !== 'finished')) return false;
    }
    return true;
  }
}
