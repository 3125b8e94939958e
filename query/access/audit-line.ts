import { createHash } from 'node:crypto'
import { z } from 'zod'

/** One line of the audit file. */
export const AuditLine = z.strictObject({
  seq: z.int(),
  at: z.iso.datetime(),
  who: z.string(),
  role: z.string(),
  address: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  /** Hash of the line before, and of this line over all other fields. */
  prev: z.string(),
  hash: z.string(),
})
export type AuditLine = z.infer<typeof AuditLine>

/** Hash of a line over all its other fields. */
export const hashOf = (line: Omit<AuditLine, 'hash'>) =>
  createHash('sha256').update(JSON.stringify(line)).digest('hex')
