import type { TriggerRule } from '@slipway/contract';
import { scopeNames, taskVariable } from '../expression/where.ts';
import { quoted } from '../text.ts';
import { type Field, placeOf, type Reading } from './fields.ts';
import type { SequenceDraft } from './read-sequence.ts';
import { neverFires, type TriggerDraft } from './read-triggers.ts';
import { readExpression } from './templates.ts';
import { type Followed, warnOfCycles } from './trigger-cycles.ts';

/**
 * Looks up what each trigger names, and puts the rules into the plans. The rule is Keptn's, from its
 * shipyard-controller 1.4.5, GetTaskSequencesByTrigger, where `previousTask` is the task of the finished sequence that ran last:
 *
 *     if trigger.Event == eventScope.Stage+"."+completedTaskSequence+".finished" {
 *       // default behavior if no selector is available: 'pass', as well as 'warning' results trigger this sequence
 *       if trigger.Selector.Match == nil {
 *         if eventScope.Result == keptnv2.ResultPass || eventScope.Result == keptnv2.ResultWarning { appendSequence = true }
 *       } else {
 *         // if a selector is there, compare the 'result' property
 *         if string(eventScope.Result) == trigger.Selector.Match["result"] { appendSequence = true
 *         } else if string(eventScope.Result) == trigger.Selector.Match[previousTask+".result"] { appendSequence = true }
 *       }
 *     }
 *
 * So `<task>.result` is no condition on that task's result: it asks for the result of the sequence, if that task ran last. Other
 * keys are never looked at, and the keys are alternatives.
 */
export function linkTriggers(
  reading: Reading,
  drafts: readonly SequenceDraft[],
  /** What may be named although it stands nowhere. */
  unwritten: readonly SequenceDraft[],
): void {
  const sequences = new Map(
    [...drafts, ...unwritten].map((draft) => [`${draft.plan.stage}.${draft.plan.name}`, draft]),
  );
  const followed: Followed[] = [];
  for (const draft of drafts) {
    for (const trigger of draft.triggers) {
      const rule = readRule(reading, trigger, sequences);
      if (rule === undefined) continue;
      draft.plan.triggeredOn.push(rule);
      followed.push({
        from: `${rule.stage}.${rule.sequence}`,
        to: `${draft.plan.stage}.${draft.plan.name}`,
        event: trigger.event,
      });
    }
  }
  warnOfCycles(reading, followed);
}

type SequencesByName = ReadonlyMap<string, SequenceDraft>;

function readRule(reading: Reading, trigger: TriggerDraft, sequences: SequencesByName): TriggerRule | undefined {
  const [stage, sequence, phase, ...more] = trigger.eventText.split('.');
  if (!stage || !sequence || phase !== 'finished' || more.length > 0) {
    unknownEvent(
      reading,
      trigger,
      sequences,
      'is not an event that triggers a sequence: write <stage>.<sequence>.finished',
    );
    return undefined;
  }
  const source = sequences.get(`${stage}.${sequence}`);
  const rule: TriggerRule = { stage, sequence };
  if (source === undefined) {
    unknownEvent(
      reading,
      trigger,
      sequences,
      `is never sent: there is no sequence ${quoted(sequence)} in a stage ${quoted(stage)}`,
    );
  }
  if (trigger.match !== undefined) {
    rule.match = Object.fromEntries(trigger.match.map(({ key, value }) => [key, value]));
    if (source !== undefined) checkMatchKeys(reading, trigger.match, source);
  }
  if (trigger.when !== undefined) {
    const tasks = new Set(source?.plan.tasks.map((task) => taskVariable(task.key)));
    const where = {
      names: scopeNames.afterRun,
      vars: [source?.plan.vars ?? {}, ...(source?.plan.tasks ?? []).map(({ publish }) => publish ?? {})].flatMap(
        (one) => Object.keys(one),
      ),
      tasks: { before: tasks, all: tasks },
    };
    const expression = readExpression(reading, trigger.when, { ...where, wants: 'bool' });
    if (expression !== undefined) rule.when = expression;
  }
  return rule;
}

function checkMatchKeys(reading: Reading, match: NonNullable<TriggerDraft['match']>, source: SequenceDraft): void {
  const known = ['result', ...source.plan.tasks.map((task) => `${task.name}.result`)];
  for (const { key, field } of match) {
    if (known.includes(key)) continue;
    neverFires(reading, atKey(field), {
      message: `${quoted(key)} is never met: a selector matches "result", or "<task>.result" when that task ran last`,
      near: { name: key, known },
    });
  }
}

/** The same field, shown at its key. */
function atKey(field: Field): Field {
  return { ...field, node: { kind: 'scalar', value: null, written: '', at: field.keyAt } };
}

function unknownEvent(reading: Reading, trigger: TriggerDraft, sequences: SequencesByName, why: string): void {
  const [stage, sequence] = trigger.eventText.replace(/^sh\.keptn\.event\./, '').split('.');
  const wanted = `${stage}.${sequence}.finished`;
  reading.problems.add({
    severity: reading.keptn ? 'warning' : 'error',
    code: 'unknown-event',
    message: `${quoted(trigger.eventText)} ${why}`,
    pointer: trigger.event.pointer,
    at: placeOf(trigger.event),
    nearest: sequences.has(`${stage}.${sequence}`) ? wanted : undefined,
    near: { name: wanted, known: eventsOf(sequences) },
  });
}

/** Made one by one, because nobody looks at all of them when the first problem is one of many. */
function* eventsOf(sequences: SequencesByName): Iterable<string> {
  for (const name of sequences.keys()) yield `${name}.finished`;
}
