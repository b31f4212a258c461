import { average, median, percentile, type Reducer, sorted } from '@slipway/evaluation';
import { ProviderFault } from './fault.ts';

/** One number out of many, oldest first. Nothing to reduce is never 0. */
export function reduce(values: readonly number[], reducer: Reducer): number {
  if (values.length === 0) throw new ProviderFault('no-data', 'answered without any value for this window');
  const ascending = sorted(values);
  switch (reducer) {
    case 'avg':
      return average(values);
    case 'sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'min':
      return ascending[0] ?? 0;
    case 'max':
      return ascending.at(-1) ?? 0;
    case 'first':
      return values[0] ?? 0;
    case 'last':
      return values.at(-1) ?? 0;
    case 'median':
      return median(values);
    default:
      return percentile(values, Number(reducer.slice(1)) / 100);
  }
}

/** A number from JSON, where several providers write numbers as texts. */
export function finite(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  const shown = JSON.stringify(value) ?? 'nothing';
  throw new ProviderFault(
    'not-a-number',
    `answered ${shown.slice(0, 40)}, which is not a finite number; a division by zero in the query often is the cause`,
  );
}
