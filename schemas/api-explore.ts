import { z } from 'zod'
import { EXPLORE_STATS, EXPLORE_FAMILIES } from './explore-names.ts'
import { TenantNames } from './api.ts'
import type { MetricUnit } from './metric-definition.ts'

/** What /api/v1/explore answers: any metric of the catalogues over time, by group. docs/explore.md says how it is worked out. */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)
const words = z.object({ en: z.string(), zh: z.string() })

export const ExploreStat = z.enum(EXPLORE_STATS)
export type ExploreStat = z.infer<typeof ExploreStat>

export const ExploreFamily = z.enum(EXPLORE_FAMILIES)
export type ExploreFamily = z.infer<typeof ExploreFamily>

const UNITS = [
  'ratio',
  'watts',
  'joules',
  'celsius',
  'hertz',
  'bytes',
  'bytes_per_second',
  'seconds',
  'volts',
  'count',
  'code',
  'bitmask',
  'voltamperes',
  'amperes',
  'pascals',
  'liters_per_minute',
  'siemens_per_meter',
  'ntu',
  'ph',
] as const satisfies readonly MetricUnit[]

export const ExploreMetric = z.object({
  /** `device.power_watts`: what `metric` takes. */
  name: z.string(),
  family: ExploreFamily,
  label: words,
  unit: z.enum(UNITS),
  /** The values of a counter are its rise per second. */
  kind: z.enum(['gauge', 'counter', 'enum']),
  /** What the figure is and what a missing one means. */
  text: words,
  stats: z.array(ExploreStat),
  /** Fields that it can be grouped and filtered by. */
  fields: z.array(z.string()),
})
export type ExploreMetric = z.infer<typeof ExploreMetric>

export const ExploreMetrics = z.object({ metrics: z.array(ExploreMetric) })
export type ExploreMetrics = z.infer<typeof ExploreMetrics>

/** Groups that are told; of the others only how many they are. */
export const EXPLORE_GROUPS_MAX = 20

export const ExploreGroup = z.object({
  /** Value of the field that is grouped by; null without one. Empty = nobody said. */
  key: z.string().nullable(),
  /** Value i is of [t0 + i x step_ms, …); null where nothing is known. */
  values: z.array(z.number().nullable()),
  /** Share of the time of each step that something speaks for. */
  coverage: z.array(ratio.nullable()),
  /** Over the whole window, weighed by time, whatever `stat` is. */
  mean: z.number().nullable(),
  mean_coverage: ratio.nullable(),
  /** Devices, nodes or meters that gave a value; null for figures of the ledger. */
  sources: z.int().min(0).nullable(),
})
export type ExploreGroup = z.infer<typeof ExploreGroup>

export const ExploreAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  settled_until: time.nullable(),
  /** Effective window. Readings of devices are told up to the last settled minute. */
  from: time,
  to: time,
  /** Part of the window is not settled yet. */
  provisional: z.boolean(),
  /** What was read. */
  resolution: z.enum(['raw', '1m', '1m_group', '1h', '1d']),
  /** What `min`, percentiles and `max` are of: devices' means of a step are what percentiles are of, always. */
  per: z.enum(['group', 'reading', 'device_minute', 'device_hour']),
  /** The oldest reading that is still kept, where it is younger than `from`. */
  held_from: time.nullable(),
  /** Whether groups stand where they stood at that time, or (nodes) where they stand now. */
  places: z.enum(['then', 'now', 'none']),
  metric: ExploreMetric,
  stat: ExploreStat,
  group_by: z.string().nullable(),
  t0: z.int(),
  step_ms: z.int(),
  /** The highest means first. */
  groups: z.array(ExploreGroup).max(EXPLORE_GROUPS_MAX),
  /** With those that are not told. */
  groups_total: z.int().min(0),
  /** Names of keys that are ids: tenants. */
  names: TenantNames.optional(),
})
export type ExploreAnswer = z.infer<typeof ExploreAnswer>
