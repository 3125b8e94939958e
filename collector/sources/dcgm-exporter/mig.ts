import type { Partition } from '#schemas/batch.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import type { MetricName } from '#schemas/metrics.ts'

/** What of an instance counts for its board. */
export type Slice = Pick<DeviceReading, 'metrics'> & { readonly partition: Partition | null }

/** What the instances say about their board: a value, nothing, or shares that add up to more than one board. */
export type BoardRatio = number | null | 'shares_exceed_device'

/**
 * A board's ratio from its instances: the sum of ratio x share. Null unless every instance has a share
 * and a plausible value; drivers that scale an instance wrongly are not corrected by guessing, and
 * slices nobody uses count as not working.
 */
export function boardRatio(metric: MetricName, instances: readonly Slice[]): BoardRatio {
  const counted = wholeInstances(instances)
  let sum = 0
  let shares = 0
  for (const { partition, metrics } of counted) {
    const share = partition?.share ?? null
    const value = metrics[metric] ?? null
    if (share === null || value === null) return null
    shares += share
    sum += share * value
  }
  // Sevenths do not add up exactly.
  if (shares > 1 + 1e-9) return 'shares_exceed_device'
  return counted.length === 0 ? null : Math.min(sum, 1)
}

/** Where an instance and its compute instances both have rows, only the instance counts. */
function wholeInstances(instances: readonly Slice[]): readonly Slice[] {
  const isCompute = (slice: Slice) => /^\dc\./i.test(slice.partition?.profile ?? '')
  const idOf = (slice: Slice) => slice.partition?.id.split('/')[0]
  const whole = new Set(instances.filter((slice) => !isCompute(slice)).map(idOf))
  return instances.filter((slice) => !isCompute(slice) || !whole.has(idOf(slice)))
}
