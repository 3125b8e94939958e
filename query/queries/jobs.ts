import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { bigSum, namedQuery } from '../named-query.ts'
import { PlannedRanges } from './ledger-device-count.ts'

/** Seconds of a moment, and how wide the bucket is that says so; negative widths only put the finest first. */
const Moment = z.tuple([z.int(), z.int()])

/** From when until when jobs held devices in a window. */
export const jobSpans = namedQuery({
  file: new URL('job-spans.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    ...PlannedRanges.shape,
    /** The first and the last settled minute of the window. */
    first_s: z.int(),
    last_s: z.int(),
  }),
  row: z.strictObject({
    of_cluster: z.string(),
    of_job: z.string(),
    devices: z.int(),
    nodes: z.int(),
    /** Of the last minute. */
    devices_at_end: z.int(),
    was_before: z.int(),
    is_running: z.int(),
    /** Begin of its first bucket. */
    first: Moment,
    /** End of its last bucket. */
    last: Moment,
  }),
})

/** Devices of a job, in the order of their nodes. */
export const jobDevices = namedQuery({
  file: new URL('job-devices.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    ...PlannedRanges.shape,
    limit: z.int(),
  }),
  row: z.strictObject({
    id: z.string(),
    of_node: z.string(),
    of_rack: z.string(),
    of_index: z.int(),
    capacity: bigSum,
    verification: bigSum,
    known: bigSum,
    busy: bigSum,
    active_known: bigSum,
    active: bigSum,
    effective_known: bigSum,
    effective: bigSum,
    idle_held: bigSum,
    power_known: bigSum,
    power: bigSum,
  }),
})
