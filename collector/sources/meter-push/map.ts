import { z } from 'zod'
import { meterId } from '#schemas/meter-id.ts'
import type { MeterMetricValues } from '#schemas/meter-metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import { measureOf, numberIn, valueIn, type ValueRefusal } from '../../formats/meter-value.ts'
import type { TimeReader, TimeRefusal } from '../../formats/wall-time.ts'

const METRICS_MAX = 64
const value = z.union([z.number(), z.string().max(64), z.null()])

/** One reading as it is pushed: one `metric` with its `value`, or several `values`. */
export const PushedReading = z
  .strictObject({
    time: z.union([z.string().max(64), z.number()]),
    meter: z.string().max(200),
    point: z.string().max(100).default(''),
    metric: z.string().max(100).optional(),
    value: value.optional(),
    unit: z.string().max(16).default(''),
    values: z
      .record(z.string().max(100), value)
      .refine((values) => Object.keys(values).length <= METRICS_MAX, {
        error: `must have at most ${METRICS_MAX} metrics`,
      })
      .optional()
      .describe('metric -> number in our unit'),
    step_seconds: z.number().min(1).max(3600).optional(),
  })
  .superRefine(({ metric, value: single, values }, context) => {
    const isSingle = metric !== undefined && single !== undefined
    if (isSingle === (values !== undefined))
      context.addIssue({ code: 'custom', message: 'needs `metric` and `value`, or `values`' })
  })
export type PushedReading = z.infer<typeof PushedReading>

export type ReadingRefusal = ValueRefusal | TimeRefusal | 'no_meter'

/** How readings are understood. */
export interface PushWords {
  readonly readTime: TimeReader
  readonly stepMs: number
}

/** A pushed reading as ours, or null when nothing of it can be taken; what is refused is told. */
export function readingOf(
  pushed: PushedReading,
  { readTime, stepMs }: PushWords,
  refuse: (reason: ReadingRefusal, what: string) => void,
): MeterReading | null {
  const { meter, point, metric, unit, step_seconds: step } = pushed
  if (meterId(meter, point) === null) {
    refuse('no_meter', `meter "${meter.slice(0, 64)}" point "${point.slice(0, 64)}"`)
    return null
  }
  const atMs = readTime(String(pushed.time))
  if (typeof atMs === 'string') {
    refuse(atMs, `time ${JSON.stringify(pushed.time)}`)
    return null
  }
  const metrics: MeterMetricValues = {}
  const given =
    pushed.values === undefined
      ? [[metric ?? '', pushed.value ?? null] as const]
      : Object.entries(pushed.values)
  for (const [name, raw] of given) {
    const measure = measureOf(name, pushed.values === undefined ? unit : '')
    if (typeof measure === 'string') {
      refuse(measure, `${name.slice(0, 64)} ${unit}`.trim())
      continue
    }
    if (raw === null) continue
    const number = typeof raw === 'number' ? numberIn(raw, measure) : valueIn(raw, measure)
    if (typeof number === 'string') refuse(number, `${name} ${JSON.stringify(raw)}`)
    else if (number !== null) metrics[measure.metric] = number
  }
  if (Object.keys(metrics).length === 0) return null
  return {
    meter,
    point,
    metrics,
    atMs,
    isTimeOwn: true,
    stepMs: step === undefined ? stepMs : Math.round(step * 1000),
  }
}
