/** A thing that is measured: its labels, and the metrics it gives. Each metric of it is one series. */
export interface PeerObject {
  /** Label values; names and values must need no escaping in any protocol ([A-Za-z0-9_.:/-]). */
  readonly labels: Readonly<Record<string, string>>
  /** Full metric names, e.g. `plimsoll_power_watts`; all share the prefix METRIC_PREFIX. */
  readonly metrics: readonly string[]
}

/** One object's values over the instants of a block. */
export interface ObjectSamples {
  readonly object: PeerObject
  /** `values[tick * metrics.length + metric]`; NaN = no value. */
  readonly values: Float64Array
}

/** What one request carries: values of some objects at the same instants. */
export interface PeerBlock {
  /** Epoch ms, rising by the same step. */
  readonly timesMs: readonly number[]
  readonly rows: readonly ObjectSamples[]
}

/** Influx lines make names of measurement + field: with this prefix all protocols give the same series. */
export const METRIC_PREFIX = 'plimsoll_'

const PLAIN = /^[A-Za-z0-9_.:/-]+$/
const checked = new WeakSet<PeerObject>()

/** Throws a RangeError for labels that a protocol would have to escape. */
export function checkObject(object: PeerObject): void {
  if (checked.has(object)) return
  for (const [name, value] of Object.entries(object.labels))
    if (!PLAIN.test(name) || !PLAIN.test(value))
      throw new RangeError(`label ${name}=${value} would need escaping`)
  for (const name of object.metrics)
    if (!name.startsWith(METRIC_PREFIX) || !PLAIN.test(name))
      throw new RangeError(`metric ${name} does not begin with ${METRIC_PREFIX}`)
  checked.add(object)
}

/** Values in a block that are there. */
export function countSamples({ rows }: PeerBlock): number {
  let count = 0
  for (const { values } of rows) for (const value of values) if (!Number.isNaN(value)) count++
  return count
}
