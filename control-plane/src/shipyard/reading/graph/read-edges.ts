import type { EdgeOn } from '@slipway/contract';
import { needSchema } from '@slipway/contract';
import { pointerTo } from '../../yaml/node.ts';
import {
  checkKeys,
  type Field,
  type Fields,
  placeOf,
  type Reading,
  readFields,
  readItems,
  wrongType,
} from '../fields.ts';
import { readText, readWord } from '../scalars.ts';

/** An edge as it is written on one of its two tasks; whether the other exists is known when all tasks are read. */
export type EdgeDraft = {
  /** The task at the other end, and where it is named. */
  name: string;
  field: Field;
  /** `in`: from that task to this one, as in `needs`. */
  direction: 'in' | 'out';
  on: EdgeOn;
  required: boolean;
  branch: number | undefined;
};

/** A branch of a decision: its condition, or none where it is the default. */
export type BranchDraft = { when: Field | undefined };

export type EdgesDraft = { edges: EdgeDraft[]; branches: BranchDraft[]; decision: Field | undefined; isGraph: boolean };

const EDGE_WORDS = ['success', 'failure', 'timeout', 'complete', 'skipped', 'always'] as const;

const NEED_KEYS = { all: Object.keys(needSchema.shape) };
const NEXT_KEYS = { all: [...EDGE_WORDS] };
const BRANCHES_MAX = 100;

/** Reads `needs`, `next` and `decision` of one task. */
export function readEdges(reading: Reading, fields: Fields): EdgesDraft {
  const needs = fields.get('needs');
  const next = fields.get('next');
  const decision = fields.get('decision');
  const found: EdgesDraft = { edges: [], branches: [], decision, isGraph: false };
  found.isGraph = needs !== undefined || next !== undefined || decision !== undefined;
  for (const item of (needs && readItems(reading, needs)) ?? []) readNeed(reading, item, found.edges);
  if (next !== undefined) readNext(reading, next, found.edges);
  if (decision !== undefined) readDecision(reading, decision, found);
  return found;
}

function readNeed(reading: Reading, item: Field, edges: EdgeDraft[]): void {
  const base = { direction: 'in', branch: undefined } as const;
  if (item.node.kind !== 'map') {
    const name = readText(reading, item);
    if (name !== undefined) edges.push({ ...base, name, field: item, on: 'success', required: false });
    return;
  }
  const fields = readFields(reading, item);
  if (fields === undefined) return;
  checkKeys(reading, fields, NEED_KEYS, 'a need');
  const task = fields.get('task');
  if (task === undefined) {
    const message = 'a need names its task: {task: build, on: failure}';
    reading.problems.add({
      code: 'missing-key',
      message,
      pointer: pointerTo(item.pointer, 'task'),
      at: fields.at,
      text: '',
    });
    return;
  }
  const name = readText(reading, task);
  const on = fields.get('on');
  const required = fields.get('required');
  const word = (on && readWord(reading, on, EDGE_WORDS)) ?? 'success';
  const isRequired = (required && readFlag(reading, required)) ?? false;
  if (name !== undefined) edges.push({ ...base, name, field: task, on: word, required: isRequired });
}

function readNext(reading: Reading, field: Field, edges: EdgeDraft[]): void {
  const fields = readFields(reading, field);
  if (fields === undefined) return;
  checkKeys(reading, fields, NEXT_KEYS, 'next');
  for (const on of EDGE_WORDS) {
    const targets = fields.get(on);
    if (targets === undefined) continue;
    for (const { name, at } of readTargets(reading, targets))
      edges.push({ name, field: at, direction: 'out', on, required: false, branch: undefined });
  }
}

function readDecision(reading: Reading, field: Field, found: EdgesDraft): void {
  const items = readItems(reading, field) ?? [];
  if (items.length === 0 && field.node.kind === 'list') {
    const message = 'a decision has at least one branch: {when: "...", next: build}';
    reading.problems.add({ code: 'missing-key', message, pointer: field.pointer, at: field.keyAt });
  }
  if (items.length > BRANCHES_MAX) {
    const message = `${items.length} is more than the ${BRANCHES_MAX} branches that a decision may have`;
    reading.problems.add({ code: 'too-many', message, pointer: field.pointer, at: field.keyAt });
    return;
  }
  items.forEach((item, index) => {
    const fields = readFields(reading, item);
    if (fields === undefined) return;
    const when = fields.get('when');
    const isDefault = fields.get('default') !== undefined;
    checkKeys(reading, fields, { all: isDefault ? ['default'] : ['when', 'next'] }, 'a branch');
    const next = fields.get(isDefault ? 'default' : 'next');
    if (next === undefined || (when === undefined && !isDefault)) {
      const message = 'a branch is {when: "...", next: build}, or {default: build}';
      reading.problems.add({ code: 'missing-key', message, pointer: item.pointer, at: fields.at, text: '' });
      return;
    }
    if (isDefault && index < items.length - 1) {
      const message = 'the default is the last branch: those below it are never looked at';
      reading.problems.add({ code: 'edge-never-taken', message, pointer: item.pointer, at: fields.at });
    }
    const branch = found.branches.push({ when: isDefault ? undefined : when }) - 1;
    for (const { name, at } of readTargets(reading, next))
      found.edges.push({ name, field: at, direction: 'out', on: 'success', required: false, branch });
  });
}

/** One name, or a list of them. */
function readTargets(reading: Reading, field: Field): { name: string; at: Field }[] {
  const items = field.node.kind === 'list' ? (readItems(reading, field) ?? []) : [field];
  return items.flatMap((at) => {
    const name = readText(reading, at);
    return name === undefined ? [] : [{ name, at }];
  });
}

export function readFlag(reading: Reading, field: Field): boolean | undefined {
  const value = field.node.kind === 'scalar' ? field.node.value : undefined;
  if (typeof value === 'boolean') return value;
  wrongType(reading, field, 'true or false');
  return undefined;
}

/** `all`, `any` or a number; whether there are so many sources is known later. */
export function readJoin(reading: Reading, field: Field): 'all' | 'any' | number | undefined {
  const value = field.node.kind === 'scalar' ? field.node.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  if (typeof value !== 'number') return readWord<'all' | 'any'>(reading, field, ['all', 'any']);
  const message = 'a join is all, any, or how many of the sources must be met: 1 or more';
  reading.problems.add({ code: 'out-of-range', message, pointer: field.pointer, at: placeOf(field) });
  return undefined;
}
