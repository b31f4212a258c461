import jstat from 'jstat';

// jstat's erfc agrees with scipy to the last two digits; simple-statistics reads its normal distribution from a
// four-digit table, and @stdlib would bring 148 packages for these two functions.
const { erfc, normal } = jstat.jStat;

/** Chance of a standard normal deviate at least this far from 0, on either side. */
export const pTwoSided = (z: number): number => Math.min(1, erfc(Math.abs(z) / Math.SQRT2));

export const normalQuantile = (p: number): number => normal.inv(p, 0, 1);
