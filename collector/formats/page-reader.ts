import type { DeviceReading } from '#schemas/reading.ts'

/**
 * Reads pages that have the same lines with other values, as history has them: what the labels say is found out once.
 * It must say of every page what the source says of its text.
 */
export interface PageReader {
  /** The devices of all these pages; their metrics are left to `read`. */
  readonly devices: readonly DeviceReading[]
  /** Places in `DEVICE_METRICS` that `read` fills. */
  readonly slots: readonly number[]
  /**
   * Reads the page of one moment, epoch ms. `values` are those of the lines, NaN for what is no number. Fills the `slots`
   * of each device in `out`, which has one place for each of `DEVICE_METRICS`; NaN where it has no value.
   */
  read(values: Float64Array, nowMs: number, out: Float64Array): void
  /** Lines and values that were refused in all pages so far, by reason. */
  refused(): ReadonlyMap<string, number>
}

/**
 * Makes a reader of the pages that have these lines: `NAME{labels}`, without a value. Null where lines are not told
 * apart from their values, or there are more than a page may have: then the source reads the text. `memory` is what the
 * source keeps of the target between reads.
 */
export type OpenPages = (
  heads: readonly string[],
  memory: Map<string, unknown>,
) => PageReader | null
