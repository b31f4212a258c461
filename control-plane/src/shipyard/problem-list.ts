import type { SourceProblem } from '@slipway/contract';
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
  nearest?: string | undefined;
};

/** Above this many the rest would tell nobody anything: the text is another kind of file. */
const PROBLEMS_MAX = 100;
const TEXT_MAX = 80;

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
    const found: SourceProblem = {
      severity: problem.severity ?? 'error',
      code: problem.code,
      message: escapeControls(withHint(problem)),
      pointer: problem.pointer,
      line,
      column,
    };
    const text = problem.text ?? this.#map.text.slice(problem.at.start, problem.at.end);
    if (text !== '') found.text = cut(escapeControls(text.split('\n', 1)[0] ?? ''));
    if (problem.nearest !== undefined) found.nearest = problem.nearest;
    this.#problems.push(found);
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

/** The nearest name belongs to the sentence too, for whoever shows nothing but that. */
function withHint(problem: NewProblem): string {
  return problem.nearest === undefined ? problem.message : `${problem.message}: did you mean "${problem.nearest}"?`;
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 1)}…`;
}
