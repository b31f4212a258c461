import type { Paint } from './paint.ts';
import { visibleWidth } from './paint.ts';

export type Column<Row> = {
  title: string;
  value: (row: Row) => string;
  align?: 'left' | 'right';
};

const GAP = '  ';

/** Aligned columns with a heading. A column that is empty in every row is left out. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], paint: Paint): string[] {
  const filled = columns
    .map((column) => ({ ...column, cells: rows.map((row) => column.value(row)) }))
    .filter((column) => column.cells.some((cell) => cell !== ''))
    .map((column) => ({ ...column, width: Math.max(...[column.title, ...column.cells].map(visibleWidth)) }));
  const line = (cellOf: (column: (typeof filled)[number]) => string): string =>
    filled
      .map((column) => pad(cellOf(column), column.width, column.align))
      .join(GAP)
      .trimEnd();
  return [
    line((column) => paint.dim(column.title)),
    ...rows.map((_, index) => line((column) => column.cells[index] ?? '')),
  ];
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'right' ? fill + text : text + fill;
}
