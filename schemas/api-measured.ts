import { z } from 'zod'
import { AnswerFrame, TierFigure } from './api.ts'

/** What /api/v1/utilization/sources answers: from which counters a group's utilization was taken, and what they read. */

const ratio = z.number().min(0).max(1)
const count = z.int().min(0)

/** Known time by where busy was taken from. */
export const MeasuredSource = z.object({
  /** One of BUSY_SOURCES; `none` = no counter spoke, but failed or drained says that it did no work. */
  source: z.string(),
  known_device_seconds: z.number().min(0),
  /** Of all known time. */
  share: ratio.nullable(),
  /** Busy of the time that this source speaks for. */
  utilization: ratio.nullable(),
  /** Devices it spoke for in `read_from` to `read_to`. */
  devices: count,
})
export type MeasuredSource = z.infer<typeof MeasuredSource>

/** One counter over the devices of the group that give it. */
export const MeasuredCounter = z.object({
  /** A ratio of the metric catalogue. */
  metric: z.string(),
  devices: count,
  /** Of these the devices whose busy it is. */
  busy_devices: count,
  /** Devices' means: one in ten is at or below it, the median, one in ten above. */
  p10: ratio,
  p50: ratio,
  p90: ratio,
})
export type MeasuredCounter = z.infer<typeof MeasuredCounter>

/** GET /api/v1/utilization/sources */
export const MeasuredAnswer = AnswerFrame.extend({
  /** Distinct devices with capacity in the window. */
  devices: count,
  /** busy / known of the window; null when nothing is known. */
  utilization: ratio.nullable(),
  util_lo: ratio.nullable(),
  util_hi: ratio.nullable(),
  /** known / base; null when there is no capacity. */
  coverage: ratio.nullable(),
  tiers: z.object({
    allocated: TierFigure,
    busy: TierFigure,
    active: TierFigure,
    effective: TierFigure,
  }),
  /** The most known time first. */
  sources: z.array(MeasuredSource),
  /** Counters were read over the newest settled minutes of the window; null = no sample of them is kept. */
  read_from: z.iso.datetime().nullable(),
  read_to: z.iso.datetime().nullable(),
  /** Devices of the group with capacity in these minutes. */
  read_devices: count,
  /** From the coarsest counter to the finest; those that no device gives are left out. */
  counters: z.array(MeasuredCounter),
})
export type MeasuredAnswer = z.infer<typeof MeasuredAnswer>
