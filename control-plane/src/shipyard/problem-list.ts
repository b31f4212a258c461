import { nearestName, type SourceProblem } from '@slipway/contract';
import { escapeControls } from './text.ts';
import type { Place, SourceMap } from './yaml/source-map.ts';

export type NewProblem = {
  severity?: 'error' | 'warning';
  code: string;
  message: string;
  pointer: string;
  /** Where it is in the text. */
  at: Place;
  /** The offending text, when it is not what stands at the place. */
  text?: string;
  /** What was probably meant. */
  nearest?: string | undefined;
  /** Or where to look for it. */
  near?: Near | undefined;
};

/** A name that is not one of the known ones; with `list`, the message names them where none is near. */
export type Near = { name: string; known: Iterable<string>; list?: true };

/** Above this many the rest would tell nobody anything: the text is another kind of file. */
const PROBLEMS_MAX = 100;
const TEXT_MAX = 80;
/** To compare a typing error with more names than these would take longer than a person searches. */
const KNOWN_MAX = 2000;

/** Collects what is wrong with one text, in the order in which it was found. */
export class ProblemList {
  readonly #map: SourceMap;
  readonly #problems: SourceProblem[] = [];
  #full = false;

  constructor(map: SourceMap) {
    this.#map = map;
  }

  /** The text that is being read. */
  get source(): string {
    return this.#map.text;
  }

  add(problem: NewProblem): void {
    if (this.#problems.length >= PROBLEMS_MAX) {
      this.#full = true;
      return;
    }
    const { line, column } = this.#map.position(problem.at.start);
    const nearest = problem.nearest ?? (problem.near && nearestOf(problem.near));
    const found: SourceProblem = {
      severity: problem.severity ?? 'error',
      code: problem.code,
      message: escapeControls(problem.message + hintOf(nearest, problem.near)),
      pointer: problem.pointer,
      line,
      column,
    };
    const text = problem.text ?? this.#map.text.slice(problem.at.start, problem.at.end);
    if (text !== '') found.text = cut(escapeControls(text.split('\n', 1)[0] ?? ''));
    if (nearest !== undefined) found.nearest = nearest;
    this.#problems.push(found);
  }

  lineOf(offset: number): number {
    return this.#map.position(offset).line;
  }

  get hasErrors(): boolean {
    return this.#full || this.#problems.some((problem) => problem.severity === 'error');
  }

  /** By place, so that a person reads them from top to bottom. */
  sorted(): SourceProblem[] {
    const sorted = this.#problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    if (this.#full) {
      const last = sorted.at(-1);
      sorted.push({
        severity: 'error',
        code: 'too-many-problems',
        message: `more than ${PROBLEMS_MAX} problems: the rest is left out`,
        pointer: '',
        line: last?.line ?? 1,
        column: last?.column ?? 1,
      });
    }
    return sorted;
  }
}

function nearestOf({ name, known }: Near): string | undefined {
  const candidates: string[] = [];
  for (const candidate of known) if (candidates.push(candidate) >= KNOWN_MAX) break;
  return nearestName(name, candidates);
}

/** The way out belongs to the sentence too, for whoever shows nothing but that. */
function hintOf(nearest: string | undefined, near: Near | undefined): string {
  if (nearest !== undefined) return `: did you mean "${nearest}"?`;
  if (near?.list === undefined) return '';
  const known = [...near.known];
  return known.length === 0 ? ': there is none' : `: known are ${known.slice(0, 30).join(', ')}`;
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 1)}…`;
}
