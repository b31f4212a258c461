import type { Plan, SequencePlan } from '@slipway/contract';
import { needsByTask } from '@slipway/contract/plan';
import { conditionOf } from '../../ui/graph.ts';
import { pendingLook } from '../../ui/state.ts';
import { type Step, Steps } from '../../ui/steps.tsx';

/** The plan as a picture: each sequence with its tasks and its trigger. */
export function PlanView({ plan }: { plan: Plan | undefined }) {
  const sequences = plan?.stages.flatMap((stage) => stage.sequences.filter(({ builtIn }) => !builtIn)) ?? [];
  return (
    <section className="panel lanes plan" aria-label="Plan">
      <header>
        <h2>Plan</h2>
      </header>
      {plan === undefined ? <p className="nothing muted">The plan appears here once the text has no errors.</p> : null}
      {sequences.map((sequence) => (
        <div key={`${sequence.stage}.${sequence.name}`} className="lane">
          <div className="lane-head">
            <span className="stage">{sequence.stage}</span>
            <strong>{sequence.name}</strong>
            <span className="muted">
              {sequence.triggeredOn.length === 0
                ? `starts on ${sequence.stage}.${sequence.name}.triggered`
                : sequence.triggeredOn
                    .map((rule) => `${conditionOf(rule)} of ${rule.stage}.${rule.sequence}`)
                    .join(', or ')}
            </span>
          </div>
          <Steps
            label={`Tasks of ${sequence.stage}.${sequence.name}`}
            run={undefined}
            selected={undefined}
            steps={stepsOf(sequence)}
          />
        </div>
      ))}
    </section>
  );
}

function stepsOf(sequence: SequencePlan): Step[] {
  const needs = needsByTask(sequence);
  return sequence.tasks.map((task) => ({
    key: task.key,
    name: task.key,
    needs: [...(needs.get(task.key) ?? [])],
    look: pendingLook,
    word: task.uses === task.key ? 'task' : task.uses,
    note: task.retry === undefined ? '' : `${task.retry.attempts} attempts`,
  }));
}
