/** Bounds on what the codec reads. They hold for each event, except `batchMax`, which counts events. */
export interface CodecLimits {
  /** Characters (UTF-16 units, JavaScript's `length`) in `id`. */
  idMax: number;
  typeMax: number;
  /** Characters in `source` and the other URIs, `dataschema` and `dataref`. */
  uriMax: number;
  /** Characters in every other attribute, and in extensions. */
  attributeMax: number;
  /** Characters in the name of an extension. The specification recommends 20 and allows more. */
  nameMax: number;
  /** Nested arrays and objects inside `data`. At most 500: two of the walks below are recursive. */
  depthMax: number;
  /** Object keys in one event, its attributes included. */
  keysMax: number;
  /** Events in one batch. */
  batchMax: number;
}

export const defaultCodecLimits: CodecLimits = {
  idMax: 256,
  typeMax: 256,
  uriMax: 2048,
  attributeMax: 4096,
  nameMax: 256,
  depthMax: 64,
  keysMax: 10_000,
  batchMax: 100,
};
