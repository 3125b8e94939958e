import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { namedQuery } from '../named-query.ts'

const MinutesParams = FilterParams.extend({ from_s: z.int(), to_s: z.int() })

/** Devices of a group by busy source over some settled minutes. */
export const measuredSources = namedQuery({
  file: new URL('measured-sources.sql', import.meta.url),
  params: MinutesParams,
  row: z.strictObject({ busy_source: z.int(), devices: z.int() }),
})

/** Counters of the devices of a group over some settled minutes. */
export const measuredCounters = namedQuery({
  file: new URL('measured-counters.sql', import.meta.url),
  params: MinutesParams.extend({
    /** 1 = no filter: all samples of the minutes are read. */
    everywhere: z.int(),
    /** Code of the busy source that each counter can be, by its place; 255 = none. */
    sources: z.array(z.int()),
  }),
  row: z.strictObject({
    /** Place in BUSY_LADDER, from 1. */
    counter: z.int(),
    devices: z.int(),
    busy_devices: z.int(),
    /** 10th, 50th and 90th percentile. */
    spread: z.tuple([z.number(), z.number(), z.number()]),
  }),
})
