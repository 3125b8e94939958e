import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

const Numbers = z.array(z.number())
const Range = { from_ms: z.int(), to_ms: z.int() }

export const loopHistory = namedQuery({
  file: new URL('loop-history.sql', import.meta.url),
  params: z.strictObject({ ...Range, meters: z.array(z.string()) }),
  row: z.object({
    meter_name: z.string(),
    metric_name: z.string(),
    /** Null where the newest ten minutes have no value. */
    mean_value: z.number().nullable(),
    present: z.number(),
    since_ms: int64,
    has_begun: z.int(),
    at_s: Numbers,
    celsius: Numbers,
  }),
})
export type LoopHistoryRow = Awaited<ReturnType<typeof loopHistory.run>>[number]

export const loopSupplies = namedQuery({
  file: new URL('loop-supplies.sql', import.meta.url),
  params: z.strictObject({ ...Range, meters: z.array(z.string()) }),
  row: z.strictObject({
    meter_name: z.string(),
    celsius: z.number(),
    supplies: int64,
    /** Null where no value of it was there. */
    flow: z.number().nullable(),
    flows: int64,
  }),
})

export const loopTrend = namedQuery({
  file: new URL('loop-trend.sql', import.meta.url),
  params: z.strictObject({ ...Range, meters: z.array(z.string()) }),
  row: z.strictObject({
    meter_name: z.string(),
    minute_ms: int64,
    /** Null where the minute has no value of it. */
    celsius: z.number().nullable(),
    flow: z.number().nullable(),
  }),
})

export const loopEvents = namedQuery({
  file: new URL('loop-events.sql', import.meta.url),
  params: z.strictObject({ ...Range, units: z.array(z.string()) }),
  row: z.strictObject({
    unit: z.string(),
    event_type: z.string(),
    event_code: z.string(),
    at_ms: int64,
    event_severity: z.string(),
    text: z.string(),
    text_zh: z.string(),
    action_text: z.string(),
    action_text_zh: z.string(),
  }),
})
export type LoopEventRow = Awaited<ReturnType<typeof loopEvents.run>>[number]

export const loopRacks = namedQuery({
  file: new URL('loop-racks.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int() }),
  row: z.strictObject({
    in_hall: z.string(),
    in_rack: z.string(),
    devices: int64,
    nodes: int64,
    jobs: z.array(z.string()),
  }),
})
export type LoopRackRow = Awaited<ReturnType<typeof loopRacks.run>>[number]

export const loopDrift = namedQuery({
  file: new URL('loop-drift.sql', import.meta.url),
  params: z.strictObject({
    from_s: z.int(),
    /** Hours from here on are `is_now`. */
    split_s: z.int(),
    to_s: z.int(),
    points: z.array(z.string()),
    /** The unit of each point, in the same order. */
    units: z.array(z.string()),
    primaries: z.array(z.string()),
    secondaries: z.array(z.string()),
  }),
  row: z.strictObject({
    unit: z.string(),
    is_now: z.int(),
    approach_hours: int64,
    approach: z.number().nullable(),
    delta_hours: int64,
    delta: z.number().nullable(),
    carried: z.number().nullable(),
  }),
})
export type LoopDriftRow = Awaited<ReturnType<typeof loopDrift.run>>[number]
