import type { IndicatorValue } from '../values.ts';

/**
 * The values that no objective has taken yet. Taking one puts the last in its place, as Keptn does: the order of what
 * is left over at the end shows in a message.
 */
export class ValuePool {
  readonly #values: IndicatorValue[];

  constructor(values: readonly IndicatorValue[]) {
    this.#values = [...values];
  }

  take(sli: string): IndicatorValue | undefined {
    const index = this.#values.findIndex((value) => value.metric === sli);
    const taken = this.#values[index];
    const last = this.#values.pop();
    if (taken === undefined || last === undefined) {
      if (last !== undefined) this.#values.push(last);
      return undefined;
    }
    if (index < this.#values.length) this.#values[index] = last;
    return taken;
  }

  get leftOver(): readonly string[] {
    return this.#values.map((value) => value.metric);
  }
}
