import { ownValue } from '@slipway/contract';
import { dump } from 'js-yaml';

export type Migration = {
  /** YAML of a shipyard under spec.keptn.sh/0.2.3. */
  text: string;
  /** What has no counterpart, or should be looked at. */
  notes: string[];
};

type Task = { name: string; properties?: Record<string, unknown> };
type Sequence = { name: string; triggeredOn?: { event: string; selector?: unknown }[]; tasks: Task[] };

const KNOWN = new Set(['name', 'deployment_strategy', 'test_strategy', 'approval_strategy', 'remediation_strategy']);
const FIRST_STAGE_SEQUENCE = 'delivery';

/**
 * Writes the 0.2 shipyard that does what a shipyard of Keptn 0.1 did: each strategy becomes a task, each stage follows the one before it.
 * Throws a TypeError with the reason for a document that is none.
 */
export function migrateShipyard(document: unknown): Migration {
  const stages = listOf(document, 'stages') ?? listOf(member(document, 'spec'), 'stages');
  if (stages === undefined) throw new TypeError('it has no list `stages`: this is not a shipyard of Keptn 0.1');
  const notes: string[] = [];
  const written: { name: string; sequences: Sequence[] }[] = [];
  for (const [index, stage] of stages.entries()) {
    const name = textOf(stage, 'name');
    if (name === undefined) throw new TypeError(`stage ${index + 1} has no name`);
    const before = written.at(-1)?.name;
    written.push({ name, sequences: sequencesOf(stage, name, before, notes) });
    for (const key of Object.keys(stage as object)) {
      if (!KNOWN.has(key)) notes.push(`stage ${name}: \`${key}\` has no counterpart and was left out`);
    }
  }
  const shipyard = {
    apiVersion: 'spec.keptn.sh/0.2.3',
    kind: 'Shipyard',
    metadata: { name: 'migrated' },
    spec: { stages: written },
  };
  return { text: dump(shipyard, { lineWidth: 120, noRefs: true }), notes };
}

function sequencesOf(stage: unknown, name: string, before: string | undefined, notes: string[]): Sequence[] {
  const tasks: Task[] = [];
  const approval = member(stage, 'approval_strategy');
  if (typeof approval === 'object' && approval !== null) {
    const { pass = 'automatic', warning = 'automatic' } = approval as Record<string, unknown>;
    tasks.push({ name: 'approval', properties: { pass, warning } });
  }
  const deployment = textOf(stage, 'deployment_strategy');
  const test = textOf(stage, 'test_strategy');
  tasks.push({ name: 'deployment', properties: { deploymentstrategy: deployment ?? 'direct' } });
  if (deployment === undefined) notes.push(`stage ${name}: no deployment_strategy was given; it says "direct" now`);
  if (test !== undefined) tasks.push({ name: 'test', properties: { teststrategy: test } });
  tasks.push({ name: 'evaluation' }, { name: 'release' });
  const delivery: Sequence = { name: FIRST_STAGE_SEQUENCE, tasks };
  if (before !== undefined) delivery.triggeredOn = [{ event: `${before}.${FIRST_STAGE_SEQUENCE}.finished` }];
  const sequences = [delivery];
  if (textOf(stage, 'remediation_strategy') === 'automated') {
    const again = { event: `${name}.remediation.finished`, selector: { match: { 'evaluation.result': 'fail' } } };
    sequences.push({
      name: 'remediation',
      triggeredOn: [again],
      tasks: [{ name: 'get-action' }, { name: 'action' }, { name: 'evaluation' }],
    });
    notes.push(`stage ${name}: remediation needs remediation.yaml as a resource of the service`);
  }
  return sequences;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? ownValue(value as Record<string, unknown>, key)
    : undefined;
}

function listOf(value: unknown, key: string): unknown[] | undefined {
  const found = member(value, key);
  return Array.isArray(found) ? found : undefined;
}

function textOf(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
