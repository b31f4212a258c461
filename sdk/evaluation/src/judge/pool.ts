import type { IndicatorValue } from '../values.ts';

/**
 * The values that no objective has taken yet. Taking one puts the last in its place, as Keptn does: the order of what
 * is left over at the end shows in a message. Places are kept by name, so that a thousand objectives do not each walk a thousand
 * values.
 */
export class ValuePool {
  readonly #values: IndicatorValue[];
  readonly #places = new Map<string, number[]>();

  constructor(values: readonly IndicatorValue[]) {
    this.#values = [...values];
    for (const [place, value] of values.entries()) {
      const places = this.#places.get(value.metric);
      if (places === undefined) this.#places.set(value.metric, [place]);
      else places.push(place);
    }
  }

  /** The first value of that name in the order that the pool has now. */
  take(sli: string): IndicatorValue | undefined {
    const places = this.#places.get(sli);
    if (places === undefined || places.length === 0) return undefined;
    const place = places.length === 1 ? (places[0] ?? 0) : Math.min(...places);
    places.splice(places.indexOf(place), 1);
    const taken = this.#values[place];
    const last = this.#values.pop();
    if (last !== undefined && place < this.#values.length) {
      this.#values[place] = last;
      const moved = this.#places.get(last.metric) ?? [];
      moved[moved.indexOf(this.#values.length)] = place;
    }
    return taken;
  }

  get leftOver(): readonly string[] {
    return this.#values.map((value) => value.metric);
  }
}
