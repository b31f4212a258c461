import {
  nearestName,
  type Plan,
  type SequencePlan,
  type StagePlan,
  sequenceSchema,
  shipyardApiVersions,
  shipyardSchema,
  stageSchema,
} from '@slipway/contract';
import { quoted } from '../text.ts';
import type { YamlNode } from '../yaml/node.ts';
import {
  checkKeys,
  type Field,
  type Fields,
  isTooMany,
  missingKey,
  placeOf,
  type Reading,
  readFields,
  readItems,
} from './fields.ts';
import { linkTriggers } from './link-triggers.ts';
import { foreignDocument } from './not-a-shipyard.ts';
import { KEPTN_CONCURRENCY, readSequence, type SequenceDraft } from './read-sequence.ts';
import { readName, readRequiredName, readText } from './scalars.ts';

const EVALUATION = 'evaluation';
const STAGES_MAX = 100;
const SEQUENCES_MAX = 200;

const SHIPYARD_KEYS = { all: Object.keys(shipyardSchema.shape) };
const SPEC_KEYS = { all: Object.keys(shipyardSchema.shape.spec.shape) };
const STAGE_KEYS = { all: Object.keys(stageSchema.shape) };

/** What a text without `apiVersion`, the bare `spec:`, is read as: it says nothing of Keptn. */
const BARE_API_VERSION = 'slipway.dev/v1';

type PlanDraft = Omit<Plan, 'version'>;

/** The plan a document describes, or problems. Both at once where the problems are warnings. */
export function readShipyard(root: YamlNode, problems: Reading['problems']): PlanDraft | undefined {
  const top: Field = { pointer: '', keyAt: root.at, node: root };
  const expressions = { task: 0, sequence: 0, characters: 0 };
  const strict: Reading = { problems, keptn: false, expressions };
  const fields = readFields(strict, top);
  if (fields === undefined) return undefined;
  const foreign = foreignDocument(root);
  if (foreign !== undefined) {
    problems.add(foreign);
    return undefined;
  }
  const apiVersion = readApiVersion(strict, fields);
  const reading: Reading = { problems, keptn: apiVersion.startsWith('spec.keptn.sh/'), expressions };

  checkKeys(reading, fields, SHIPYARD_KEYS, 'a shipyard');
  readKind(reading, fields);
  const name = readMetadataName(reading, fields);
  const stages = readSpec(reading, fields);
  if (stages === undefined || problems.hasErrors) return undefined;
  return { apiVersion, name, stages };
}

function readApiVersion(reading: Reading, fields: Fields): string {
  const field = fields.get('apiVersion');
  if (field === undefined) return BARE_API_VERSION;
  const text = readText(reading, field);
  if (text === undefined) return BARE_API_VERSION;
  if (shipyardApiVersions.some((known) => known === text)) return text;
  const nearest =
    nearestName(text, shipyardApiVersions) ?? shipyardApiVersions.find((known) => known.endsWith(`/${text}`));
  reading.problems.add({
    code: 'unknown-api-version',
    message: `${quoted(text)} is not read here: known are slipway.dev/v1 and spec.keptn.sh/0.2.0 to 0.2.4`,
    pointer: field.pointer,
    at: placeOf(field),
    nearest,
  });
  return text;
}

function readKind(reading: Reading, fields: Fields): void {
  const field = fields.get('kind');
  if (field === undefined) return;
  const text = readText(reading, field);
  if (text === undefined || text === 'Shipyard') return;
  reading.problems.add({
    severity: reading.keptn ? 'warning' : 'error',
    code: 'unknown-kind',
    message: `the kind is "Shipyard", and this is ${quoted(text)}`,
    pointer: field.pointer,
    at: placeOf(field),
    nearest: 'Shipyard',
  });
}

/** The name says nothing to Keptn, which takes any text; ours is a name like the others. */
function readMetadataName(reading: Reading, fields: Fields): string {
  const metadata = fields.get('metadata');
  const inside = metadata && readFields(reading, metadata);
  if (!inside) return '';
  checkKeys(reading, inside, { all: ['name'] }, 'metadata');
  const field = inside.get('name');
  if (field === undefined) return '';
  const name = reading.keptn ? readText(reading, field) : readName(reading, field, 'shipyard');
  return name ?? '';
}

function readSpec(reading: Reading, fields: Fields): StagePlan[] | undefined {
  const spec = fields.get('spec');
  if (spec === undefined) {
    const hint = fields.get('stages') === undefined ? '' : ', and "stages" stands under it';
    missingKey(reading, fields, 'spec', `"spec" is missing${hint}`);
    return undefined;
  }
  const inside = readFields(reading, spec);
  if (inside === undefined) return undefined;
  checkKeys(reading, inside, SPEC_KEYS, 'spec');
  const list = inside.get('stages');
  const items = list && readItems(reading, list);
  if (list === undefined || items?.length === 0) {
    missingKey(reading, inside, 'stages', 'a shipyard has at least one stage under "spec.stages"');
  }
  if (items === undefined || items.length === 0) return undefined;
  if (isTooMany(reading, list, items, STAGES_MAX)) return undefined;

  const stages: StagePlan[] = [];
  const drafts: SequenceDraft[] = [];
  const seen = new Map<string, Field>();
  for (const item of items) {
    const stage = readStage(reading, item, seen);
    if (stage === undefined) continue;
    drafts.push(...stage.drafts);
    stages.push({ name: stage.name, sequences: stage.drafts.map((draft) => draft.plan) });
  }
  // Only now are all names known that a trigger may name; every stage can evaluate, also where no plan says so.
  const unwritten = stages
    .filter(({ sequences }) => sequences.every(({ name }) => name !== EVALUATION))
    .map(({ name }): SequenceDraft => ({ plan: builtInEvaluation(name), triggers: [] }));
  linkTriggers(reading, drafts, unwritten);
  return stages;
}

function readStage(
  reading: Reading,
  item: Field,
  seen: Map<string, Field>,
): { name: string; drafts: SequenceDraft[] } | undefined {
  const fields = readFields(reading, item);
  if (fields === undefined) return undefined;
  checkKeys(reading, fields, STAGE_KEYS, 'a stage');
  const name = readRequiredName(reading, fields, 'stage', seen);

  const list = fields.get('sequences');
  const items = (list && readItems(reading, list)) ?? [];
  if (isTooMany(reading, list, items, SEQUENCES_MAX)) return { name: name ?? '', drafts: [] };
  const drafts: SequenceDraft[] = [];
  const names = new Map<string, Field>();
  for (const sequence of items) {
    const inside = readFields(reading, sequence);
    if (inside === undefined) continue;
    checkKeys(reading, inside, { all: Object.keys(sequenceSchema.shape) }, 'a sequence');
    const sequenceName = readRequiredName(reading, inside, 'sequence', names);
    const draft = readSequence(reading, inside, { stage: name ?? '', name: sequenceName ?? '' });
    if (draft !== undefined) drafts.push(draft);
  }
  if (reading.keptn && !names.has(EVALUATION)) drafts.push({ plan: builtInEvaluation(name ?? ''), triggers: [] });
  return { name: name ?? '', drafts };
}

/**
 * Keptn has a sequence "evaluation" in every stage, written or not (shipyard-controller 1.4.5, GetTaskSequenceInStage: "provide
 * built-int task sequence for evaluation"), because `keptn trigger evaluation` starts it.
 */
function builtInEvaluation(stage: string): SequencePlan {
  return {
    stage,
    name: EVALUATION,
    builtIn: true,
    triggeredOn: [],
    concurrency: KEPTN_CONCURRENCY,
    tasks: [{ key: EVALUATION, name: EVALUATION, uses: EVALUATION, needs: [], join: 'all', executors: 1 }],
  };
}
