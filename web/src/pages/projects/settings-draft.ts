import type { Problem, Project, ProjectPut } from '@slipway/contract';
import { countText } from '../../ui/format.ts';
import type { Finding } from '../../ui/text-editor.tsx';

export const units = [
  { word: 'days', ms: 24 * 3_600_000 },
  { word: 'hours', ms: 3_600_000 },
  { word: 'minutes', ms: 60_000 },
  { word: 'seconds', ms: 1_000 },
] as const;

/** The settings of a project as people type them. */
export type Draft = {
  dialect: Project['dialect'];
  openRunsMax: string;
  waitingRunsMax: string;
  runsPerSecond: string;
  keepFor: string;
  keepUnit: string;
  finishedRunsMax: string;
  config: string;
};

/** What is wrong with which field. */
export type DraftProblems = Partial<Record<keyof Draft, string>>;

export function draftOf({ dialect, limits, retention, config }: Project): Draft {
  const { finishedRunsForMs, finishedRunsMax } = retention;
  const unit = unitOf(finishedRunsForMs);
  return {
    dialect,
    openRunsMax: textOf(limits.openRunsMax),
    waitingRunsMax: textOf(limits.waitingRunsMax),
    runsPerSecond: textOf(limits.runsPerSecond),
    keepFor: finishedRunsForMs === null ? '' : String(finishedRunsForMs / unit.ms),
    keepUnit: unit.word,
    finishedRunsMax: textOf(finishedRunsMax),
    config: JSON.stringify(config, undefined, 2),
  };
}

/** As it is kept and compared: a line a field, so that two can be shown side by side. */
export function draftText(draft: Draft): string {
  const { config, ...fields } = draft;
  return `${JSON.stringify(fields, undefined, 2)}\n${config}`;
}

const END_OF_FIELDS = '\n}\n';

/** What is kept in the browser may be of another version of the page: what it lacks is as it is now. */
export function draftOfText(text: string, current: Draft): Draft {
  const end = text.indexOf(END_OF_FIELDS) + END_OF_FIELDS.length;
  try {
    const fields: Partial<Draft> = JSON.parse(text.slice(0, end));
    return { ...current, ...fields, config: text.slice(end) };
  } catch {
    return current;
  }
}

/** The largest unit that it is a whole number of. */
function unitOf(spanMs: number | null): (typeof units)[number] {
  const [days, , , seconds] = units;
  return spanMs === null ? days : (units.find(({ ms }) => spanMs % ms === 0) ?? seconds);
}

/** `30 days`: as it is set, and not what is closest to it. */
export function spanText(spanMs: number): string {
  const { word, ms } = unitOf(spanMs);
  return countText(spanMs / ms, word.slice(0, -1));
}

function textOf(bound: number | null | undefined): string {
  return bound === null || bound === undefined ? '' : String(bound);
}

const WHOLE = 'Enter a whole number above zero, or leave it empty.';
const ABOVE_ZERO = 'Enter a number above zero, or leave it empty.';

/** The body of the request, or what is wrong with what was typed; what is wrong with the configuration its editor says. */
export function readDraft(draft: Draft): { put: ProjectPut } | { problems: DraftProblems } {
  const openRunsMax = numberOf(draft.openRunsMax);
  const waitingRunsMax = numberOf(draft.waitingRunsMax);
  const runsPerSecond = numberOf(draft.runsPerSecond);
  const finishedRunsMax = numberOf(draft.finishedRunsMax);
  const unit = units.find(({ word }) => word === draft.keepUnit) ?? units[0];
  const keepFor = numberOf(draft.keepFor);
  const finishedRunsForMs = keepFor === null ? null : Math.round(keepFor * unit.ms);
  const config = readConfig(draft.config);
  const problems: DraftProblems = {
    ...(isBound(openRunsMax, 'whole') ? {} : { openRunsMax: WHOLE }),
    ...(isBound(waitingRunsMax, 'whole') ? {} : { waitingRunsMax: WHOLE }),
    ...(isBound(runsPerSecond) ? {} : { runsPerSecond: ABOVE_ZERO }),
    ...(isBound(finishedRunsForMs) ? {} : { keepFor: ABOVE_ZERO }),
    ...(isBound(finishedRunsMax, 'whole') ? {} : { finishedRunsMax: WHOLE }),
  };
  if (Object.keys(problems).length > 0 || 'finding' in config) return { problems };
  return {
    put: {
      dialect: draft.dialect,
      config: config.value,
      retention: { finishedRunsForMs, finishedRunsMax },
      limits: { openRunsMax, waitingRunsMax, runsPerSecond },
    },
  };
}

/** null: nothing was typed. */
function numberOf(text: string): number | null {
  return text.trim() === '' ? null : Number(text);
}

function isBound(bound: number | null, kind?: 'whole'): boolean {
  return bound === null || (bound > 0 && (kind === 'whole' ? Number.isSafeInteger(bound) : Number.isFinite(bound)));
}

export function readConfig(text: string): { value: Record<string, unknown> } | { finding: Finding } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (failure) {
    return { finding: { severity: 'error', detail: `Not valid JSON: ${reasonOf(failure)}`, ...placeOf(failure) } };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value: { ...value } };
  return { finding: { severity: 'error', detail: 'Expected a JSON object: { … }', line: 1, column: 1 } };
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** Browsers say the place in their words, most of them with a line and a column. */
function placeOf(failure: unknown): { line?: number; column?: number } {
  const [, line, column] = /line (\d+) column (\d+)/.exec(reasonOf(failure)) ?? [];
  return line === undefined ? {} : { line: Number(line), column: Number(column) };
}

const FIELDS: Readonly<Record<string, keyof Draft>> = {
  '/dialect': 'dialect',
  '/limits/openRunsMax': 'openRunsMax',
  '/limits/waitingRunsMax': 'waitingRunsMax',
  '/limits/runsPerSecond': 'runsPerSecond',
  '/retention/finishedRunsForMs': 'keepFor',
  '/retention/finishedRunsMax': 'finishedRunsMax',
  '/config': 'config',
};

/** What the server refused, at the fields where they are, and the rest. */
export function placeProblems(errors: NonNullable<Problem['errors']>): { problems: DraftProblems; rest: string[] } {
  const problems: DraftProblems = {};
  const rest: string[] = [];
  for (const { pointer = '', detail } of errors) {
    const field = FIELDS[pointer];
    if (field === undefined) rest.push(`${pointer} ${detail}`.trim());
    else problems[field] = detail;
  }
  return { problems, rest };
}
