import { type IndicatorValue, indicatorValue, isRecord } from '@slipway/evaluation';
import { TerminalError } from '@slipway/sdk';

/**
 * Values that came with the event. A number counts as measured, true and false as 1 and 0; a record says `success`
 * itself, and one that has only a value is a success: in a task's input nobody writes down a failure by leaving it out.
 */
export function givenValues(given: unknown): IndicatorValue[] {
  if (given === undefined) return [];
  if (Array.isArray(given)) return given.map((item: unknown, index) => recordOf(null, item, `values[${index}]`));
  if (!isRecord(given)) throw invalid('values must be a map from SLI to value, or a list of {metric, value}');
  return Object.entries(given).flatMap(([metric, item]) =>
    item === null ? [] : [recordOf(metric, item, `values.${metric}`)],
  );
}

function recordOf(metric: string | null, item: unknown, place: string): IndicatorValue {
  const number =
    typeof item === 'boolean' ? Number(item) : typeof item === 'string' && item.trim() !== '' ? Number(item) : item;
  if (typeof number === 'number' && metric !== null) {
    const success = Number.isFinite(number);
    const message = success
      ? ''
      : `SLI '${metric}': the value ${JSON.stringify(item) ?? String(item)} in the event is not a finite number`;
    return { metric, value: success ? number : 0, comparedValue: 0, success, message };
  }
  if (!isRecord(item)) throw invalid(`${place} must be a number or {value, samples?, windows?, success?, message?}`);
  const success = item.success ?? ('value' in item || 'windows' in item || 'samples' in item);
  try {
    return indicatorValue({ ...item, ...(metric === null ? {} : { metric }), success });
  } catch (error) {
    throw invalid(`${place}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

const invalid = (message: string, cause?: unknown): TerminalError =>
  new TerminalError(message, { code: 'INVALID_INPUT', cause });
