import { z } from 'zod'

/**
 * Figures of a report, printed once: every format shows `text`, and none of them rounds anything again.
 */

/** What `text` counts. Renderers write the unit in their language behind it, or in the head of a column. */
export const FIGURE_UNITS = [
  'percent',
  'points',
  'gpu_hours',
  'usd',
  'usd_per_hour',
  'minutes',
  'seconds',
  'hours',
  'days',
  'mwh',
  'kwh',
  'mw',
  'kw',
  'tonnes_co2e',
  'kelvin',
  'devices',
  'count',
  'ratio',
] as const
export const FigureUnit = z.enum(FIGURE_UNITS)
export type FigureUnit = z.infer<typeof FigureUnit>

/** Why there is no figure: nobody typed it in, nothing speaks of it, or there was none of it. */
export const Missing = z.enum(['not_entered', 'not_known', 'none'])
export type Missing = z.infer<typeof Missing>

export const Figure = z.strictObject({
  unit: FigureUnit,
  /** In `unit` and rounded as printed, so that a spreadsheet shows the same digits; null = see `missing`. */
  value: z.number().nullable(),
  /** Digits as printed in both languages: `302,400`, `-1.9`, `+0.4`, without a unit; empty when there is no value. */
  text: z.string().max(32),
  /** Digits behind the decimal point in `text`. */
  decimals: z.int().min(0).max(6),
  /** As the API answers it, unrounded (percent and points as ratios); null = see `missing`. */
  exact: z.number().nullable(),
  missing: Missing.nullable(),
})
export type Figure = z.infer<typeof Figure>

/** Text of a report in both languages; longer than a line of an alert. */
export const ReportWords = z.strictObject({ en: z.string().max(4096), zh: z.string().max(4096) })
export type ReportWords = z.infer<typeof ReportWords>
