import { z } from 'zod'
import { EXPLORE_STATS } from '#schemas/explore-names.ts'
import { FieldPlace, FilterParams } from '../filters.ts'
import { epochMsOrNull, int64, namedQuery } from '../named-query.ts'

/** What every question of Explore binds. */
const Asked = z.strictObject({
  from_s: z.int(),
  to_s: z.int(),
  t0_s: z.int(),
  step_s: z.int().min(1),
  stat: z.enum(EXPLORE_STATS),
  groups_max: z.int().min(1),
})

const Numbers = z.array(z.number())

/** One group: its steps that have rows, by place in the grid. */
const GroupRow = z.strictObject({
  key: z.string(),
  slots: Numbers,
  values: z.array(z.number().nullable()),
  known_ms: Numbers,
  capacity_ms: Numbers,
  mean: z.number().nullable(),
  sources: int64,
  groups_total: int64,
})
export type ExploreRow = z.infer<typeof GroupRow>

const Scoped = Asked.extend({ ...FilterParams.shape, k1: FieldPlace })

/** Raw samples of devices. */
export const exploreSamples = namedQuery({
  file: new URL('explore-samples.sql', import.meta.url),
  params: Scoped.extend({
    metric: z.string(),
    is_counter: z.int(),
    by_device: z.int(),
    /** No filter: whose samples are read need not be looked up. */
    everywhere: z.int(),
  }),
  row: GroupRow,
})

/** Published minutes or hours of devices. */
export const exploreLedger = namedQuery({
  file: new URL('explore-ledger.sql', import.meta.url),
  params: Scoped.extend({
    table: z.enum(['ledger_1m', 'ledger_1h']),
    resolution: z.enum(['1m', '1h']),
    known_column: z.enum(['known_ms', 'power_known_ms', 'temperature_known_ms']),
    sum_column: z.enum(['busy_ms_x1000', 'power_mw_ms', 'temperature_mc_ms']),
    peak_column: z.enum(['temperature_max', 'nothing']),
    scale: z.number(),
    by_device: z.int(),
  }),
  row: GroupRow,
})

/** Samples of nodes. */
export const exploreNodes = namedQuery({
  file: new URL('explore-nodes.sql', import.meta.url),
  params: Scoped.extend({ metric: z.string(), is_counter: z.int() }),
  row: GroupRow,
})

/** Samples of meters. */
export const exploreMeters = namedQuery({
  file: new URL('explore-meters.sql', import.meta.url),
  params: Asked.extend({
    metric: z.string(),
    is_counter: z.int(),
    by_meter: z.int(),
    /** Empty = all. */
    meters: z.array(z.string()),
    prefix: z.string(),
  }),
  row: GroupRow,
})

/** The oldest reading that is still kept. */
export const exploreHeld = namedQuery({
  file: new URL('explore-held.sql', import.meta.url),
  params: z.strictObject({}),
  row: z.strictObject({
    device_ms: epochMsOrNull,
    node_ms: epochMsOrNull,
    meter_ms: epochMsOrNull,
  }),
})

/** How many devices a scope has. */
export const exploreDevices = namedQuery({
  file: new URL('explore-devices.sql', import.meta.url),
  params: FilterParams.extend({ minute_s: z.int() }),
  row: z.strictObject({ devices: int64, everywhere: int64 }),
})
