/**
 * A small generator of random numbers (sfc32), so that one seed decides a whole history. `fork` gives each part of the
 * world numbers of its own: a service that asks once more does not change what the broker does.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    this.#a = 0x9e3779b9;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.#c = seed | 0;
    this.#d = 1;
    for (let round = 0; round < 12; round++) this.next();
  }

  /** 0 <= next < 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  /** 0 <= below < limit, whole. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Whole, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[this.below(list.length)] as T;
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const keys = Object.keys(weights) as K[];
    let left = this.next() * keys.reduce((sum, key) => sum + weights[key], 0);
    for (const key of keys) {
      left -= weights[key];
      if (left < 0) return key;
    }
    return keys[keys.length - 1] as K;
  }

  /** Mostly short, sometimes long: what latencies look like. */
  latency(typicalMs: number, worstMs: number): number {
    return this.chance(0.97) ? this.next() * typicalMs * 2 : this.next() * worstMs;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const all = [...list];
    for (let index = all.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [all[index], all[other]] = [all[other] as T, all[index] as T];
    }
    return all;
  }

  fork(): Random {
    return new Random(this.below(0x1_0000_0000) * 0x1000 + this.below(0x1000));
  }
}
