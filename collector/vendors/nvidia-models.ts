import type { MetricName, MetricValues } from '#schemas/metrics.ts'

/** What the name of an NVIDIA model tells, where no tool prints it. */

/** Compute slices of a MIG device: 7 everywhere except on these (the second unverified). */
const FOUR_SLICES = /\bA30X?\b|\bRTX[ -]PRO[ -][56]000\b/i
const SLICES = 7

/** Boards without NVLink, and vGPUs: DCGM prints 0 where it means "not there". */
const WITHOUT_NVLINK = /\b(T4|L4|L40S?|A10G?|A16|A2|P4|P40)\b|\bGRID\b/i

/**
 * A MIG profile's part of the board's compute: `3g.40gb` is 3 of 7 slices, the compute instance
 * `1c.3g.40gb` 1 of 7. Null for an unknown model, a profile that was not printed or one that does not fit.
 */
export function migShare(profile: string | null, model: string | null): number | null {
  const match = /^(?:(\d)c\.)?(\d)g(?:\.|$)/i.exec(profile ?? '')
  if (match === null || model === null) return null
  const slices = FOUR_SLICES.test(model) ? 4 : SLICES
  const instance = Number(match[2])
  const compute = match[1] === undefined ? instance : Number(match[1])
  return compute < 1 || compute > instance || instance > slices ? null : compute / slices
}

const NVLINK_RATES: readonly MetricName[] = [
  'scaleup_bytes_per_second',
  'scaleup_tx_bytes_per_second',
  'scaleup_rx_bytes_per_second',
]

/** Takes out, in place, the NVLink rates of 0 of a model without NVLink: a state that cannot be known is not a 0. */
export function dropAbsentNvlink(model: string | null, metrics: MetricValues): void {
  if (model === null || !WITHOUT_NVLINK.test(model)) return
  for (const name of NVLINK_RATES) if (metrics[name] === 0) metrics[name] = null
}
