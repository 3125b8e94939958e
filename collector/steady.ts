import type { BatchDevice } from '#schemas/batch.ts'
import { BUSY_SOURCES, type MetricValues } from '#schemas/metrics.ts'
import { busyValue, updatePin } from './busy.ts'
import type { MergerDeps, Tracked } from './merge.ts'
import type { TargetRead } from './runner.ts'

/** A device of reads that show the very same devices with other values: found once, as history has them. */
export interface SteadyDevice {
  /** Position among the devices of the read. */
  readonly at: number
  readonly device: BatchDevice
  /**
   * What the joining of a read of the next tick does with its values, which must be plausible: puts `busy_ratio` of the
   * pinned source into them and returns the source's place in BUSY_SOURCES.
   */
  readonly take: (metrics: MetricValues, tickMs: number) => number
}

/**
 * The devices of a read that was joined just now, in the order of its rows. Null unless each of them has its own row,
 * without another target that speaks for it: then every read is to be joined for itself.
 */
export function steadyDevices(
  known: Iterable<Tracked>,
  { id, tickMs, interpretation }: TargetRead,
  onPinChange: MergerDeps['onPinChange'],
): SteadyDevice[] | null {
  const places = new Map(interpretation.devices.map((reading, at) => [reading, at]))
  const steady: SteadyDevice[] = []
  for (const tracked of known) {
    const { device, parts } = tracked
    const part = parts.get(id)
    // One that this target showed earlier.
    if (part === undefined || part.tickMs < tickMs) continue
    const at = places.get(part.reading)
    const isAlone = parts.size === 1 && tracked.held === null && tracked.lastTickMs === tickMs
    if (!isAlone || at === undefined || device === null || tracked.isChanged) return null
    const take = (metrics: MetricValues, nextMs: number): number => {
      tracked.lastTickMs = nextMs
      tracked.seenMs = nextMs
      part.tickMs = nextMs
      part.answeredMs = nextMs
      part.metrics = metrics
      const change = updatePin(tracked.pin, metrics, nextMs)
      if (change !== null) onPinChange(device, nextMs, change)
      const { source } = tracked.pin
      metrics.busy_ratio = busyValue(metrics, source)
      return BUSY_SOURCES.indexOf(source)
    }
    steady.push({ at, device, take })
  }
  return steady.length === interpretation.devices.length ? steady : null
}
