import { ownValue } from '@slipway/contract';
import type { Case } from './case.ts';
import { CASES } from './cases/all.ts';
import type { Connect, InputName, KitFile } from './inputs.ts';
import { Mismatch, shorten } from './mismatch.ts';
import { HttpPlane } from './plane/http-plane.ts';
import { NatsPlane } from './plane/nats-plane.ts';
import { World } from './world.ts';

export interface KitOptions {
  command: readonly string[];
  file: KitFile;
  natsServer: string;
  /** Ids or groups; undefined runs all. */
  only: readonly string[] | undefined;
  answerMs: number;
  onResult: (result: Result) => void;
}

export interface Result {
  case: Case;
  connect: Connect;
  outcome: 'passed' | 'failed' | 'warned' | 'left-out';
  tookMs: number;
  /** Why it was left out. */
  reason?: string;
  sent?: string;
  came?: string;
  wanted?: string;
  /** The end of what the service printed. */
  output?: string;
}

/** Runs each case that applies, one after the other, by each way to connect. */
export async function runKit(options: KitOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const connect of options.file.connect) {
    const plane = connect === 'nats' ? await NatsPlane.start(options.natsServer) : await new HttpPlane(connect).start();
    const world = new World({ ...options, connect, plane });
    try {
      for (const one of CASES) {
        if (!isWanted(one, options.only) || one.over?.includes(connect) === false) continue;
        const result = await runCase(one, world);
        results.push(result);
        options.onResult(result);
      }
    } finally {
      await world.killService();
      await plane.close();
    }
  }
  return results;
}

function isWanted({ id, group }: Case, only: readonly string[] | undefined): boolean {
  return only === undefined || only.includes(id) || only.includes(group);
}

async function runCase(one: Case, world: World): Promise<Result> {
  const about = { case: one, connect: world.connect };
  const reason = leftOut(one, world.file);
  if (reason !== undefined) return { ...about, outcome: 'left-out', tookMs: 0, reason };
  const started = performance.now();
  world.begin();
  try {
    await world.ready();
    await one.run(world);
    return { ...about, outcome: 'passed', tookMs: performance.now() - started };
  } catch (error) {
    const [wanted, came] =
      error instanceof Mismatch ? [error.wanted, error.came] : ['the case runs to its end', String(error)];
    const sent = world.sent.map(shorten).slice(-SENT_MAX).join('\n');
    const outcome = one.advice ? 'warned' : 'failed';
    return { ...about, outcome, tookMs: performance.now() - started, sent, came, wanted, output: world.output };
  } finally {
    if (one.ownProcess) await world.killService();
  }
}

const SENT_MAX = 4;

function leftOut(one: Case, { inputs, largeMember, except }: KitFile): string | undefined {
  const reason = ownValue(except, one.id);
  if (reason !== undefined) return reason;
  const missing = one.needs?.find((name: InputName) => inputs[name] === undefined);
  if (missing !== undefined) return `no input "${missing}" was given`;
  return one.needsLargeMember && largeMember === undefined ? 'no "largeMember" was given' : undefined;
}
