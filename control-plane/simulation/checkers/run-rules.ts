import type { Plan } from '@slipway/contract';
import { indexPlan } from '../../src/engine/index.ts';
import { decodeRunEntry } from '../../src/runtime/entry.ts';
import { createEvaluator } from '../../src/shipyard/index.ts';
import type { CommitItem } from '../../src/store/store.ts';
import type { Checker, Scene } from './checker.ts';
import { GraphRules } from './graph-rules.ts';
import { ReferenceRun } from './reference.ts';

/**
 * Every run does what the reference says: the same triggers, in the same order, at the same input, with the same end.
 * Tasks of the same name are tasks of their own.
 */
export class RunRules implements Checker {
  readonly #scene: Scene;
  readonly #runs = new Map<string, ReferenceRun>();
  readonly #graphs = new Map<string, GraphRules>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    if (item.stream.startsWith('group:') || this.#isGraph(item)) return;
    const expected: string[] = [];
    for (const input of decodeRunEntry(item)) {
      let run = this.#runs.get(item.stream);
      if (!run && input.kind === 'trigger') {
        run = referenceOf(this.#scene.plan, input);
        this.#runs.set(item.stream, run);
      }
      expected.push(...(run?.take(input) ?? []));
    }
    const actual: string[] = [];
    item.rows.forEach((row, index) => {
      if (row.direction === 'out')
        actual.push(row.id === `${item.stream}.finished` ? `${row.id} ${wordsOf(item.events[index])}` : row.id);
    });
    if (actual.join('\n') !== expected.join('\n')) {
      const inputs = decodeRunEntry(item).map((input) => input.kind);
      const what = `${item.stream}/${item.seq} (${inputs.join(', ')}) causes [${actual.join(', ')}] and should cause [${expected.join(', ')}]`;
      this.#scene.fail('run-rules', what);
    }
  }

  /** A graph has a reference of its own. */
  #isGraph(item: CommitItem): boolean {
    for (const input of decodeRunEntry(item)) {
      if (input.kind === 'trigger' && !this.#graphs.has(item.stream)) {
        const env = indexPlan(this.#scene.plan, evaluator)(input.stage, input.sequence);
        if (env.sequence?.edges !== undefined) this.#graphs.set(item.stream, new GraphRules(env, env.sequence));
      }
      const wrong = this.#graphs.get(item.stream)?.take(input);
      if (wrong !== undefined) this.#scene.fail('run-rules', `${item.stream}/${item.seq} (${input.kind}): ${wrong}`);
    }
    return this.#graphs.has(item.stream);
  }
}

const evaluator = createEvaluator();

function referenceOf(
  plan: Plan,
  input: { run: string; stage: string; sequence: string; dialect: string },
): ReferenceRun {
  const sequences = plan.stages.flatMap((stage) => stage.sequences);
  const sequence = sequences.find((one) => one.stage === input.stage && one.name === input.sequence);
  if (!sequence) throw new Error(`the workload triggers ${input.stage}.${input.sequence}, which is not there`);
  const followers = sequences.flatMap((target) =>
    target.triggeredOn
      .filter((rule) => rule.stage === input.stage && rule.sequence === input.sequence)
      .map((rule) => ({ stage: target.stage, name: target.name, match: rule.match })),
  );
  return new ReferenceRun({ id: input.run, sequence, followers, plain: input.dialect === 'plain' });
}

function wordsOf(json: string | undefined): string {
  const { data } = JSON.parse(json ?? '{}') as { data?: { status?: string; result?: string } };
  return `${data?.status} ${data?.result}`;
}
