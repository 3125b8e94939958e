import { z } from 'zod'
import { SIGNALS } from './signals.ts'
import { DEFAULT_THRESHOLDS, type ThresholdRule } from './defaults.ts'

const Pair = z.tuple([z.number(), z.number()])
const Side = z.strictObject({ warn: Pair.optional(), alarm: Pair.optional() })

/** One entry of `thresholds` in the collector's configuration. `[set, reset]` pairs in the unit of the signal. */
export const ThresholdEntry = z
  .strictObject({
    signal: z.enum(SIGNALS),
    meters: z.string().min(1).max(256).default('*'),
    high: Side.optional(),
    low: Side.optional(),
    delay_seconds: z.number().min(0).max(3600).default(0),
    /** True: these points are not watched for this signal. */
    off: z.boolean().default(false),
  })
  .superRefine((entry, context) => {
    if (!entry.off && entry.high === undefined && entry.low === undefined)
      context.addIssue({ code: 'custom', message: 'needs `high`, `low` or `off: true`' })
    for (const side of ['high', 'low'] as const)
      for (const level of ['warn', 'alarm'] as const) {
        const pair = entry[side]?.[level]
        if (pair === undefined) continue
        const isRight = side === 'high' ? pair[1] <= pair[0] : pair[1] >= pair[0]
        if (!isRight)
          context.addIssue({
            code: 'custom',
            path: [side, level],
            message: `the second number is where the level ends: ${side === 'high' ? 'not above' : 'not below'} the first`,
          })
      }
  })
export type ThresholdEntry = z.infer<typeof ThresholdEntry>

/** What holds for a point and signal: the last entry that names it, else the defaults. */
export interface ThresholdBook {
  readonly entries: readonly ThresholdEntry[]
  readonly defaults: readonly ThresholdRule[]
}

export const thresholdBook = (entries: readonly ThresholdEntry[]): ThresholdBook => ({
  entries,
  defaults: DEFAULT_THRESHOLDS,
})

/** The rules of one entry. */
export function rulesOf(entry: ThresholdEntry): ThresholdRule[] {
  const { signal, meters, off, delay_seconds } = entry
  if (off) return []
  return (['high', 'low'] as const).flatMap((side): ThresholdRule[] => {
    const given = entry[side]
    if (given === undefined) return []
    const limit = (pair: readonly [number, number] | undefined) =>
      pair === undefined ? null : { set: pair[0], reset: pair[1] }
    const [warn, alarm] = [limit(given.warn), limit(given.alarm)]
    return [{ signal, meters, side, warn, alarm, delayMs: delay_seconds * 1000 }]
  })
}
