/** The two functions that we use; the package ships no types. */
declare module 'jstat' {
  const jstat: {
    readonly jStat: {
      erfc(x: number): number;
      readonly normal: { inv(p: number, mean: number, deviation: number): number };
    };
  };
  export = jstat;
}
