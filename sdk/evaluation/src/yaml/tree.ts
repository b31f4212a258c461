/**
 * What a YAML text and a JSON value have in common: maps, lists and scalars that know where they stand. The decoder
 * and the linter read only this, so an SLO inline in a task's properties obeys the same rules as a file.
 */
export type Tree = MapTree | ListTree | ScalarTree;

export interface MapTree {
  readonly kind: 'map';
  /** Offset in the text, or -1 when the tree did not come from text. */
  readonly at: number;
  readonly entries: readonly TreeEntry[];
}

export interface TreeEntry {
  readonly key: string;
  readonly keyAt: number;
  readonly value: Tree;
}

export interface ListTree {
  readonly kind: 'list';
  readonly at: number;
  readonly items: readonly Tree[];
}

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly at: number;
  /** As written, quotes and escapes resolved. A field of type text takes this whatever the tag is. */
  readonly text: string;
  readonly tag: ScalarTag;
  /** Present for `!!int` and `!!float`. */
  readonly number?: number;
  /** True for `"..."`, `'...'`, `|` and `>`. */
  readonly quoted: boolean;
}

export type ScalarTag = '!!str' | '!!int' | '!!float' | '!!bool' | '!!null' | '!!timestamp';

/** Line and column, both from 1, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A place is null for what came as JSON and has no text. */
export type Locate = (offset: number) => Place | null;

export function locateIn(text: string): Locate {
  let starts: number[] | null = null;
  return (offset) => {
    if (offset < 0) return null;
    starts ??= lineStarts(text);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}

export const isNull = (tree: Tree): boolean => tree.kind === 'scalar' && tree.tag === '!!null';
