import { z } from 'zod'
import { isMeterMetricName, METER_METRICS } from '#schemas/meter-metrics.ts'
import { METER_ID_PATTERN } from '#schemas/meter-id.ts'
import { measureOf } from '../../formats/meter-value.ts'
import { DATE_ORDERS, isTimeZone } from '../../formats/wall-time.ts'

const COLUMNS_MAX = 2000
const NAMES_MAX = 20_000

/** `30s`, `15m`, `1h` -> ms. */
const Step = z.string().transform((text, context) => {
  const match = /^(\d{1,4})(s|m|h)$/.exec(text)
  const perUnit = { s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'] ?? 1000
  const ms = Number(match?.[1] ?? 0) * perUnit
  if (ms >= 1000 && ms <= 3_600_000) return ms
  context.issues.push({ code: 'custom', message: 'must be a time from 1s to 1h', input: text })
  return z.NEVER
})

const MeterName = z
  .string()
  .refine((text) => METER_ID_PATTERN.test(text), { error: 'must be the id of a meter' })

const NamedMeasure = z
  .strictObject({
    metric: z.string(),
    unit: z.string().max(16).default('').describe('unit of the numbers; empty = ours'),
    scale: z
      .number()
      .refine((scale) => scale !== 0, { error: 'must not be 0' })
      .default(1)
      .describe('the number is multiplied by it, then has `unit`'),
    meter: MeterName.optional(),
    point: z.string().max(100).optional(),
  })
  .transform(({ metric, unit, scale, meter = null, point = null }, context) => {
    const measure = measureOf(metric, unit)
    if (typeof measure !== 'string') return { measure: { ...measure, scale }, meter, point }
    const message = isMeterMetricName(metric)
      ? `"${unit}" is no unit of ${metric}, which is in ${METER_METRICS.find(({ name }) => name === metric)?.unit}`
      : `there is no metric "${metric.slice(0, 80)}" of meters`
    context.issues.push({ code: 'custom', message, input: metric })
    return z.NEVER
  })

const ROLES = ['time', 'meter', 'point', 'metric', 'value', 'unit', 'ignore'] as const
const Column = z.union([z.enum(ROLES), NamedMeasure])

const fewerThan = (most: number) => ({
  check: (record: object) => Object.keys(record).length <= most,
  error: { error: `must have at most ${most} entries` },
})
const columns = fewerThan(COLUMNS_MAX)
const names = fewerThan(NAMES_MAX)

/** The section `meter-csv` of the configuration. */
export const MeterCsvConfig = z
  .strictObject({
    path: z.string().min(1).max(4096).optional().describe('a file, or a folder of files'),
    pattern: z.string().min(1).max(256).default('*.csv').describe('names of files in the folder'),
    time_zone: z
      .string()
      .max(64)
      .refine(isTimeZone, { error: 'must be a time zone such as Asia/Shanghai or UTC' })
      .optional()
      .describe('of times without an offset; without it such times are refused'),
    date_order: z.enum(DATE_ORDERS).default('ymd'),
    decimal: z.enum(['.', ',']).default('.'),
    delimiter: z.enum([',', ';', '\t', '|']).optional().describe('default: what the header has'),
    encoding: z.enum(['utf-8', 'gb18030']).default('utf-8'),
    skip_lines: z.int().min(0).max(100).default(0).describe('lines before the header'),
    step: Step.prefault('15m').describe('how often a point is exported: what a reading speaks for'),
    meter: MeterName.optional().describe('meter of rows that name none'),
    columns: z
      .record(z.string().max(256), Column)
      .refine(columns.check, columns.error)
      .default({})
      .describe('header -> role, or metric and unit'),
    names: z
      .record(z.string().max(256), NamedMeasure)
      .refine(names.check, names.error)
      .default({})
      .describe('name in the column `metric` -> metric and unit'),
    positions: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('file that remembers how far was read, over restarts'),
  })
  .prefault({})
export type MeterCsvConfig = z.infer<typeof MeterCsvConfig>
