import { z } from 'zod'
import { BUSY_SOURCES } from '#schemas/metrics.ts'

/**
 * What the columns of a file of history mean: the mapping that a person writes as YAML (docs/import.md). Columns are
 * named as in the header line, or by place, from 1 on.
 */

const Column = z.union([z.string().min(1).max(256), z.int().min(1).max(10_000)], {
  error: 'the name of a column, or its place as a number from 1 on',
})
export type Column = z.infer<typeof Column>

/** Text of a row: out of a column, or the same for all rows. */
const Field = z.union(
  [z.strictObject({ column: Column }), z.strictObject({ constant: z.string().max(256) })],
  { error: '{ column: NAME } or { constant: TEXT }' },
)
export type Field = z.infer<typeof Field>

const Zone = z.string().refine(isTimeZone, 'an IANA time zone such as Asia/Shanghai')

/** How rows are cut and when they were. */
const LAYOUT = {
  delimiter: z.string().length(1).default(','),
  /** Whether the first line names the columns. */
  header: z.boolean().default(true),
  time: z.strictObject({
    column: Column,
    /** iso, epoch_s, epoch_ms, or a pattern such as MM-DD-YYYY hh:mm:ss.SSS. */
    format: z.string().min(1).max(64).default('iso'),
    /** Of stamps that do not carry one: must be said, a wrong one moves days and weeks. */
    zone: Zone,
  }),
}

/** What a row may say of where a device stands and whose it is; as the columns of `devices`. */
export const DIMENSION_NAMES = [
  'cluster',
  'hall',
  'rack',
  'pool',
  'node',
  'vendor',
  'model',
  'tenant',
  'job',
  'class',
] as const
export type DimensionName = (typeof DIMENSION_NAMES)[number]

const Dimensions = z.partialRecord(z.enum(DIMENSION_NAMES), Field).default({})

/** Longest time that one row may speak for, ms. */
export const STEP_MS_MAX = 3_600_000
const MINUTE_MS = 60_000

/** A row that speaks for more than a minute is stored once for each of them. */
const Step = z
  .int()
  .min(1)
  .max(STEP_MS_MAX)
  .refine(
    (ms) => ms <= MINUTE_MS || ms % MINUTE_MS === 0,
    'at most 60000, or whole minutes up to 3600000',
  )

const Measured = z.strictObject({
  column: Column,
  /** What the column counts in; absent = the metric's own unit. */
  unit: z.string().max(16).optional(),
})
export type Measured = z.infer<typeof Measured>

const MEASURED_SOURCES = BUSY_SOURCES.filter((source) => source !== 'none')

/** Samples of devices or nodes: one row per moment and device, or one column per device. */
export const SamplesMap = z
  .strictObject({
    ...LAYOUT,
    scope: z.enum(['device', 'node']).default('device'),
    /** How long a row speaks, ms; absent = the most frequent distance between two of them. */
    step_ms: Step.optional(),
    /** Which device a row is of. */
    device: Field.optional(),
    /** One column per device instead: all of one metric. */
    device_columns: z
      .strictObject({
        columns: z.array(Column).min(1).max(10_000),
        metric: z.string().max(64),
        unit: z.string().max(16).optional(),
      })
      .optional(),
    dimensions: Dimensions,
    /** Canonical metric -> its column. */
    metrics: z.record(z.string().max(64), Measured).default({}),
    /** Which counter a busy_ratio of the file was; other counters say it by their name. */
    busy_source: z.enum(MEASURED_SOURCES).optional(),
  })
  .check((context) => {
    for (const mistake of samplesMistakes(context.value))
      context.issues.push({ code: 'custom', input: context.value, ...mistake })
  })
export type SamplesMap = z.infer<typeof SamplesMap>

type SamplesShape = {
  readonly scope: string
  readonly device?: unknown
  readonly device_columns?: unknown
  readonly dimensions: { readonly node?: unknown }
  readonly metrics: Readonly<Record<string, unknown>>
}

function samplesMistakes(map: SamplesShape): { path: string[]; message: string }[] {
  const isNode = map.scope === 'node'
  const found: { path: string[]; message: string }[] = []
  if (isNode && map.dimensions.node === undefined)
    found.push({
      path: ['dimensions'],
      message: 'scope node needs dimensions.node: whose row it is',
    })
  if (isNode && (map.device !== undefined || map.device_columns !== undefined))
    found.push({ path: ['scope'], message: 'scope node takes neither device nor device_columns' })
  if (!isNode && (map.device === undefined) === (map.device_columns === undefined))
    found.push({ path: [], message: 'give device or device_columns, one of the two' })
  const hasMetrics = Object.keys(map.metrics).length > 0
  if (map.device_columns === undefined ? !hasMetrics : hasMetrics)
    found.push({
      path: ['metrics'],
      message:
        map.device_columns === undefined
          ? 'at least one metric and its column'
          : 'device_columns has its own metric: leave metrics out',
    })
  return found
}

/** Counts of devices per moment: how many there were and how many of them somebody held. */
export const CountsMap = z.strictObject({
  ...LAYOUT,
  /** Which group a row counts; `file` takes it from the file's name, such as "{group}_cluster.csv.gz". */
  group: z.union([Field, z.strictObject({ file: z.string().regex(/^[^{}]*\{group\}[^{}]*$/) })], {
    error: '{ column: NAME }, { constant: TEXT } or { file: "{group}_….csv" }',
  }),
  /** Which dimension the group is. */
  group_as: z.enum(DIMENSION_NAMES).exclude(['node', 'job']).default('pool'),
  total: Column,
  running: Column,
  /** How long a row speaks, ms. */
  step_ms: Step.default(MINUTE_MS),
  /** Slots are put on nodes of this many. */
  devices_per_node: z.int().min(1).max(64).default(8),
  /** The same for all devices. */
  dimensions: z
    .partialRecord(z.enum(DIMENSION_NAMES).exclude(['node', 'job']), z.string().max(256))
    .default({}),
})
export type CountsMap = z.infer<typeof CountsMap>

/** A row that speaks for longer than a minute, as rows of a minute: their number and their step. */
export function minutesOf(stepMs: number): { readonly count: number; readonly stepMs: number } {
  return stepMs <= MINUTE_MS
    ? { count: 1, stepMs }
    : { count: stepMs / MINUTE_MS, stepMs: MINUTE_MS }
}

function isTimeZone(text: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: text }) !== undefined
  } catch {
    return false
  }
}
