import { z } from 'zod'
import { meterMetricDefinition, isMeterMetricName } from '#schemas/meter-metrics.ts'
import { METER_UNIT_NAMES, METER_UNITS, type MeterUnitName } from '../../formats/meter-units.ts'
import { conditions, metricName, oneOrMore } from './mapping-parts.ts'

/** Units that the names of metrics end in, by Prometheus' own custom. */
const NAME_UNITS: Readonly<Record<string, MeterUnitName>> = {
  watts: 'W',
  kilowatts: 'kW',
  voltamperes: 'VA',
  joules: 'J',
  watt_hours: 'Wh',
  kilowatt_hours: 'kWh',
  kwh: 'kWh',
  amperes: 'A',
  amps: 'A',
  volts: 'V',
  hertz: 'Hz',
  ratio: 'ratio',
  percent: '%',
  celsius: 'C',
  fahrenheit: 'F',
  seconds: 's',
  pascals: 'Pa',
}

/** The unit that a name of a metric says (`…_watts`, `…_joules_total`), or null. */
export function unitInName(name: string): MeterUnitName | null {
  const plain = name.toLowerCase().replace(/_total$/, '')
  const ends = Object.keys(NAME_UNITS).filter((end) => plain.endsWith(`_${end}`))
  const [longest] = ends.toSorted((a, b) => b.length - a.length)
  return longest === undefined ? null : (NAME_UNITS[longest] ?? null)
}

const template = z.string().max(200)

const MeterRule = z
  .strictObject({
    from: oneOrMore(metricName).describe('metric of the page; of several the first that is there'),
    to: z.string().describe('metric of schemas/meter-metrics.ts'),
    unit: z.enum(METER_UNIT_NAMES).describe('unit of the number times `factor`'),
    factor: z
      .number()
      .positive()
      .max(1e9)
      .optional()
      .describe('one step of the printed number in units; required where its name says no unit'),
    digits: metricName
      .optional()
      .describe('divided by 10^(row of this metric with the same labels)'),
    point: template.default('').describe('part of the thing: `outlet/{outletId}`'),
    where: conditions.describe('labels a row must have'),
    unless: conditions.describe('labels that exclude a row'),
    missing: z.array(z.number()).max(16).default([]).describe('printed numbers that are no value'),
    combine: z.enum(['only', 'sum', 'max', 'min']).default('only'),
    values: z
      .record(z.string().regex(/^-?\d{1,15}$/, 'must be a whole number'), z.number())
      .optional()
      .describe('printed number -> code'),
    otherwise: z.number().optional().describe('code of a number that `values` does not list'),
  })
  .transform((rule, context) => {
    const refuse = (path: string, message: string) => {
      context.issues.push({ code: 'custom', path: [path], message, input: rule })
      return z.NEVER
    }
    const { to, unit, factor, from } = rule
    if (!isMeterMetricName(to)) return refuse('to', `there is no metric "${to}" of meters`)
    const wanted = meterMetricDefinition(to)?.unit ?? ''
    if (METER_UNITS[unit].to !== wanted)
      return refuse('unit', `${unit} is no unit of ${to}, which is in ${wanted}`)
    if (rule.otherwise !== undefined && rule.values === undefined)
      return refuse('otherwise', 'stands beside `values` only')
    for (const name of factor === undefined && rule.values === undefined ? from : []) {
      const said = unitInName(name)
      if (said === null && rule.digits === undefined)
        return refuse(
          'factor',
          `is missing: "${name}" says no unit, and exporters pass such numbers as the device counts them (10 where 613 means 6130 W)`,
        )
      if (said !== null && said !== unit)
        return refuse(
          'unit',
          `"${name}" is in ${said} by its name; where it is not, give \`factor\``,
        )
    }
    return { ...rule, to, factor: factor ?? 1 }
  })
export type MeterRule = z.infer<typeof MeterRule>

/** The section `meters` of a mapping: whose the rows are, and what they are. */
export const MetersRule = z.strictObject({
  name: oneOrMore(template)
    .optional()
    .describe('names of the thing with labels in braces, the first that is whole; else the target'),
  metrics: z.array(MeterRule).min(1).max(500),
})
export type MetersRule = z.infer<typeof MetersRule>
