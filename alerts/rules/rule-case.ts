import { z } from 'zod'
import { FAULT_CLASSES } from '#schemas/faults.ts'
import { ALERT_SEVERITIES } from '#schemas/alerts/severity.ts'
import { ZONE_LINES } from '#schemas/alerts/zone-levels.ts'

const CaseEvent = z.strictObject({
  type: z.string().min(1).max(64),
  code: z.string().max(64).default(''),
  severity: z.enum(['info', 'warning', 'critical', 'fatal']),
  class: z.enum(FAULT_CLASSES).optional(),
  edge: z.enum(['open', 'closed', 'point']).default('open'),
  source: z.string().max(64).default('test'),
  /** Which device; all stand in one rack. */
  device: z.string().max(32).default('1'),
  /** Only for the reader of the file. */
  vendor: z.string().max(64).optional(),
  /** Seconds after the first. */
  after: z.int().min(0).max(86_400).default(0),
})

/** A row of `tests:`: what goes in, and the severity that stands at the end (`none` = nothing is open). */
export const RuleCase = z
  .strictObject({
    rule: z.string().min(1).max(64),
    events: z.array(CaseEvent).max(100).optional(),
    /** The job that holds the devices. */
    job_devices: z.int().min(1).optional(),
    /** Whether that job is gone after the events. */
    stopped: z.boolean().default(false),
    /** Values in turn, each for so long, evaluated every 15 s or as seldom as the rule says. */
    steps: z
      .array(z.strictObject({ seconds: z.int().min(15).max(86_400), value: z.number().nullable() }))
      .max(20)
      .optional(),
    /** Devices that the series weighs. */
    devices: z.int().min(0).default(1_000),
    /** Utilization of five-minute slices in a row; all devices report. */
    slices: z.array(z.number().min(0).max(1)).max(1_000).optional(),
    fires: z.enum([...ALERT_SEVERITIES, ...ZONE_LINES, 'none']),
  })
  .refine(
    ({ events, steps, slices }) =>
      [events, steps, slices].filter((given) => given !== undefined).length === 1,
    { error: 'say one of events, steps and slices' },
  )
export type RuleCase = z.infer<typeof RuleCase>
