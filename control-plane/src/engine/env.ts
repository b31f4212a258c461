import type { Plan, SequencePlan } from '@slipway/contract';
import { implicitSequence } from './implicit-sequence.ts';
import type { Env, Evaluator } from './types.ts';

/** Looks a plan's sequences up once, so that a decision costs no search. */
export function indexPlan(plan: Plan, evaluator: Evaluator): (stage: string, sequence: string) => Env {
  const sequences = new Map<string, SequencePlan>();
  const followers = new Map<string, Env['followers'][number][]>();
  const stages = new Set(plan.stages.map((stage) => stage.name));
  for (const stage of plan.stages) {
    for (const sequence of stage.sequences) {
      sequences.set(`${stage.name}.${sequence.name}`, sequence);
      for (const rule of sequence.triggeredOn) {
        const key = `${rule.stage}.${rule.sequence}`;
        const list = followers.get(key) ?? [];
        list.push({ target: sequence, rule });
        followers.set(key, list);
      }
    }
  }
  const envs = new Map<string, Env>();
  return (stage, sequence) => {
    const key = `${stage}.${sequence}`;
    const known = envs.get(key);
    if (known) return known;
    const env: Env = {
      plan,
      sequence: sequences.get(key) ?? (stages.has(stage) ? implicitSequence(stage, sequence) : undefined),
      followers: followers.get(key) ?? [],
      evaluator,
    };
    if (env.sequence) envs.set(key, env);
    return env;
  };
}
