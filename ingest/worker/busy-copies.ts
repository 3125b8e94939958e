import type { BusySource, MetricName } from '#schemas/metrics.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'
import { FLAG_BUSY_IS_COUNTER, type Readings } from '../store/whole-numbers.ts'

/** Counter that a busy source's value is taken from; the vendor's own figure has no column but busy_ratio. */
const COUNTERS: Readonly<Record<BusySource, MetricName | null>> = {
  none: null,
  gr_engine_active: 'gr_engine_active_ratio',
  gpu_util: 'gpu_util_ratio',
  npu_util: 'npu_util_ratio',
  aicore: 'aicore_ratio',
  vendor_util: null,
  allocation: null,
}

/** Rows of a block that say where busy_ratio came from. */
export interface BusyRows {
  readonly sources: Uint8Array
  /** The bit of rows whose busy_ratio is a copy is set here. */
  readonly flags: Uint8Array
}

/**
 * Marks every row whose busy_ratio is, to the last bit, what the counter says that busy_source names, null
 * included. Returns how many rows have a busy_ratio of their own, which must be stored.
 */
export function markCopies(
  busy: Readings,
  { sources, flags }: BusyRows,
  readingsOf: (name: MetricName) => Readings | undefined,
): number {
  const counters = BUSY_SOURCES.map((source) => {
    const name = COUNTERS[source]
    return name === null ? undefined : readingsOf(name)
  })
  let own = 0
  for (let row = 0; row < sources.length; row += 1) {
    const counter = counters[sources[row] ?? 0]
    const isNull = busy.nulls?.[row] === 1
    const isCopy =
      counter !== undefined &&
      (counter.nulls?.[row] === 1 ? isNull : !isNull && counter.values[row] === busy.values[row])
    if (isCopy) flags[row] = (flags[row] ?? 0) | FLAG_BUSY_IS_COUNTER
    else if (!isNull) own += 1
  }
  return own
}

/** Makes the copies null, so that only what is to be stored is left. `nulls` are those of `busy`, or new. */
export function withoutCopies(busy: Readings, flags: Uint8Array, nulls: Uint8Array): void {
  for (let row = 0; row < flags.length; row += 1) {
    if (((flags[row] ?? 0) & FLAG_BUSY_IS_COUNTER) === 0) continue
    nulls[row] = 1
    busy.values[row] = 0
  }
}
