import { z } from 'zod'
import { isMeterMetricName, meterMetricDefinition } from '#schemas/meter-metrics.ts'
import { readOid } from '../../formats/oid.ts'
import { UNIT_NAMES, UNITS } from './units.ts'

const COLUMNS = 200

const Oid = z
  .string()
  .max(512)
  .transform((text, context) => {
    const oid = readOid(text)
    if (oid !== null) return oid
    context.issues.push({ code: 'custom', message: 'must be an OID: 1.3.6.1…', input: text })
    return z.NEVER
  })
const Metric = z.string().refine(isMeterMetricName, { error: 'is no metric of a meter' })
const UnitName = z.enum(UNIT_NAMES)
/** `outlet/{2}`: numbers stand for parts of the row's index, `#` for the value of the column `number`. */
const Template = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_.:/{}#-]*$/, 'must hold letters, digits, - _ . : / and {1} or {#} only')
const codes = <Value extends z.ZodType>(value: Value) =>
  z.record(z.string().regex(/^-?\d{1,10}$/, 'must be a whole number'), value)

const ColumnInput = z
  .strictObject({
    oid: Oid.describe('column of a table, or a scalar without its .0'),
    to: Metric.optional().describe('what it is of ours'),
    types: z
      .strictObject({
        by: z
          .union([z.int().min(1).max(16), Oid])
          .describe('part of the index, or a column, that names the type'),
        of: codes(Metric),
      })
      .optional()
      .describe('for tables in which each row measures something else'),
    unit: UnitName.optional(),
    units: z
      .strictObject({ oid: Oid, names: codes(UnitName) })
      .optional()
      .describe('column in which the device names the unit of each row'),
    scale: z.number().positive().default(1).describe('one step of the number, in units'),
    digits: Oid.optional().describe('column with the number of decimal digits of each row'),
    point: Template.default('').describe('part of the thing; empty = the thing as a whole'),
    short: Template.optional().describe(
      'taken instead of `point` while it names no two rows alike',
    ),
    device: z
      .union([z.int().min(1).max(16), Oid])
      .optional()
      .describe('part of the index, or a column, that counts devices of a chain'),
    number: Oid.optional().describe('column whose value stands for {#}'),
    values: codes(z.number()).optional().describe('printed number -> value'),
    otherwise: z.number().optional().describe('value of a number that `values` does not list'),
    unless: z
      .strictObject({ oid: Oid, is: z.array(z.int()).min(1).max(16) })
      .optional()
      .describe('the row has no value while the cell beside it says this'),
    invalid: z
      .array(z.number())
      .max(16)
      .default([-1])
      .describe('raw numbers that mean "not supported"'),
    combine: z
      .enum(['only', 'sum', 'max'])
      .default('only')
      .describe('what rows of one point become; with one row missing there is no sum'),
    fast: z.boolean().optional().describe('read on every tick, also between full reads'),
  })
  .superRefine((column, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if ((column.to === undefined) === (column.types === undefined))
      return refuse('to', 'needs one of `to` and `types`')
    if ((column.unit === undefined) === (column.units === undefined))
      return refuse('unit', 'needs one of `unit` and `units`')
    if (column.otherwise !== undefined && column.values === undefined)
      refuse('otherwise', 'stands beside `values` only')
    const { unit } = column
    if (unit === undefined) return
    for (const metric of metricsOf(column)) {
      const canonical = meterMetricDefinition(metric)?.unit
      if (UNITS[unit].to !== canonical)
        refuse('unit', `${unit} is no unit of ${metric}, which is in ${canonical}`)
    }
  })

/** One column of a device's tables and what it is of ours. */
export type Column = z.infer<typeof ColumnInput>

/** Every metric a column can give. */
export function metricsOf({ to, types }: Pick<Column, 'to' | 'types'>): string[] {
  return [...(to === undefined ? [] : [to]), ...Object.values(types?.of ?? {})]
}

/** What is read from one family of devices, as data. */
export const Profile = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must hold lower-case letters, digits and - only'),
  about: z.string().max(1024).default(''),
  enterprise: Oid.optional().describe('what its sysObjectID begins with'),
  probe: Oid.describe('a column that only such devices have'),
  extends: z
    .string()
    .max(64)
    .optional()
    .describe('name of a profile whose columns are read as well'),
  columns: z.array(ColumnInput).min(1).max(COLUMNS),
})
export type Profile = z.infer<typeof Profile>
/** A profile as it is written, defaults left out. */
export type ProfileData = z.input<typeof Profile>

/** Points that must not wait for the next full read: DEFINITIONS of the fast lane. */
export const FAST_METRICS: ReadonlySet<string> = new Set([
  'leak_state',
  'pump_state',
  'pump_speed_ratio',
  'flow_liters_per_minute',
])

const isFast = (column: Column) =>
  column.fast ?? metricsOf(column).some((metric) => FAST_METRICS.has(metric))

/** A profile made ready for reading. */
export interface Plan {
  readonly profile: Profile
  readonly byOid: ReadonlyMap<string, readonly Column[]>
  /** Walked at every full read. */
  readonly values: readonly string[]
  /** Walked between full reads. */
  readonly fast: readonly string[]
  /** Walked once an hour: what numbers and rows mean. */
  readonly statics: readonly string[]
}

/** The plan of a profile; `known` are the profiles it may extend. */
export function planOf(profile: Profile, known: readonly Profile[]): Plan {
  const base = known.find(({ name }) => name === profile.extends)
  const columns = [...(base?.columns ?? []), ...profile.columns]
  const byOid = Map.groupBy(columns, ({ oid }) => oid)
  const live = (list: readonly Column[]) => [
    ...new Set(
      list.flatMap(({ oid, unless }) => (unless === undefined ? [oid] : [oid, unless.oid])),
    ),
  ]
  const statics = columns.flatMap(({ digits, units, types, number, device }) =>
    [digits, units?.oid, types?.by, number, device].filter((oid) => typeof oid === 'string'),
  )
  return {
    profile,
    byOid,
    values: live(columns),
    fast: live(columns.filter(isFast)),
    statics: [...new Set(statics)],
  }
}
