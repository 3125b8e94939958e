import { z } from 'zod'
import { FACT_NAMES } from '#schemas/faults.ts'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { metricDefinition } from '#schemas/metrics.ts'
import { linkMetricDefinition, nodeMetricDefinition } from '#schemas/node-metrics.ts'
import { conditions, labelName, labels, metricName, oneOrMore, pattern } from './mapping-parts.ts'
import { MetersRule } from './meter-rules.ts'
import { UNIT_NAMES, UNITS } from './units.ts'

/** The catalogue row of a canonical name, of a device, a node or a link: names are distinct over all three. */
export function definitionOf(name: string): MetricDefinition | undefined {
  return metricDefinition(name) ?? nodeMetricDefinition(name) ?? linkMetricDefinition(name)
}

const MetricRule = z
  .strictObject({
    from: oneOrMore(metricName).describe('metric of the page; of several the first that is there'),
    to: z.string().describe('canonical metric of a device, a node or a link'),
    unit: z.enum(UNIT_NAMES).describe('unit the exporter prints'),
    where: conditions.describe('labels a row must have'),
    unless: conditions.describe('labels that exclude a row'),
    combine: z
      .enum(['only', 'sum', 'max', 'min', 'count'])
      .default('only')
      .describe('what several rows of one device, node or link become'),
    per: metricName.optional().describe('divided by the row of this metric with the same labels'),
    complement: z
      .boolean()
      .default(false)
      .describe('1 minus the value: the free share is the used'),
    values: z
      .record(z.string().regex(/^-?\d{1,15}$/, 'must be a whole number'), z.number())
      .optional()
      .describe('printed number -> value'),
    otherwise: z.number().optional().describe('value of a number that `values` does not list'),
    only_if: z
      .strictObject({ metric: metricName, equals: z.number() })
      .optional()
      .describe('taken only while this metric of the same page has this value'),
  })
  .superRefine((rule, context) => {
    const definition = definitionOf(rule.to)
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (definition === undefined) return refuse('to', `there is no metric "${rule.to}"`)
    const { to: unit } = UNITS[rule.unit]
    const isFree = rule.values !== undefined || rule.combine === 'count' || rule.per !== undefined
    if (!isFree && unit !== definition.unit)
      refuse('unit', `${rule.unit} is no unit of ${rule.to}, which is in ${definition.unit}`)
    if (rule.otherwise !== undefined && rule.values === undefined)
      refuse('otherwise', 'stands beside `values` only')
  })
export type MetricRule = z.infer<typeof MetricRule>

/** How rows name the device they are of; labels are tried in order. */
const DeviceRule = z
  .strictObject({
    vendor: z.string().min(1).max(64),
    model: z.strictObject({ labels: labels.optional(), otherwise: z.string().min(1).max(128) }),
    uuid: labels.optional().describe('labels with an id that is unique in the world'),
    serial: labels.optional(),
    bus: labels.optional().describe('labels with a PCI address'),
    index: labels.optional().describe('labels with the position in the node'),
    pod: z
      .strictObject({
        namespace: labels.optional(),
        pod: labels.optional(),
        container: labels.optional(),
      })
      .optional(),
    labels: z.record(labelName, labels).default({}).describe('label we keep -> their labels'),
    info: z.array(metricName).max(32).default([]).describe('metrics read for their labels only'),
  })
  .refine(({ uuid, serial, bus, index }) => [uuid, serial, bus, index].some(Boolean), {
    message: 'needs one of uuid, serial, bus, index: without it devices cannot be told apart',
  })

/** A mapping file: metric names of one exporter -> canonical metrics. */
export const Mapping = z
  .strictObject({
    name: z
      .string()
      .max(64)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must hold lower-case letters, digits and - only'),
    about: z.string().max(1024).default(''),
    port: z.int().min(1).max(65_535).optional().describe('where the exporter listens'),
    path: z.string().startsWith('/').max(1024).default('/metrics'),
    node: labels.optional().describe('labels that name the node, on pages of several nodes'),
    device: DeviceRule.optional(),
    link: z
      .strictObject({
        name: z.string().max(200).describe('`{device}/{port}`: labels in braces'),
        of: z.enum(['node', 'device']).default('node'),
      })
      .optional(),
    facts: z
      .array(z.strictObject({ from: metricName, label: labelName, to: z.enum(FACT_NAMES) }))
      .max(32)
      .default([])
      .describe('versions that stand in labels'),
    metrics: z.array(MetricRule).max(500).default([]),
    meters: MetersRule.optional().describe('metrics of meters, cooling units and sensors'),
    drop: z
      .array(z.strictObject({ metrics: oneOrMore(pattern), where: conditions }))
      .max(64)
      .default([])
      .describe('rows that are left out before anything else'),
  })
  .superRefine((mapping, context) => {
    if (mapping.metrics.length === 0 && mapping.meters === undefined)
      context.addIssue({ code: 'custom', path: ['metrics'], message: 'needs one, or `meters`' })
    for (const [at, { to }] of mapping.metrics.entries()) {
      const scope = definitionOf(to)?.scope
      const needs = scope === 'device' || scope === 'link' ? scope : null
      if (needs !== null && mapping[needs] === undefined)
        context.addIssue({
          code: 'custom',
          path: ['metrics', at, 'to'],
          message: `${to} is a metric of a ${needs}: the mapping needs a section "${needs}"`,
        })
    }
    if (mapping.link?.of === 'device' && mapping.device === undefined)
      context.addIssue({
        code: 'custom',
        path: ['link', 'of'],
        message: 'links of devices need a section "device"',
      })
  })
export type Mapping = z.infer<typeof Mapping>
export type DeviceRule = z.infer<typeof DeviceRule>
