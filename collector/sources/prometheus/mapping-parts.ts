import { z } from 'zod'
import { compileGlob } from '../../formats/glob.ts'
import type { Conditions } from './filters.ts'

export const metricName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_:][\w:]*$/, 'must be a Prometheus metric name')
export const labelName = z
  .string()
  .max(100)
  .regex(/^[A-Za-z_]\w*$/, 'must be a label name')
export const pattern = z.string().max(200).transform(compileGlob)
/** One value or a list of them; always a list afterwards. */
export const oneOrMore = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(item).min(1).max(64))
export const labels = oneOrMore(labelName)
export const conditions = z
  .record(labelName, oneOrMore(pattern))
  .default({})
  .transform((byLabel): Conditions => Object.entries(byLabel))
