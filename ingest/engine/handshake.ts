import { z } from 'zod'

/** First line on the child's stdin: what to open. The secret travels here, not in argv or environment. */
export const ChildOrder = z.strictObject({
  data_dir: z.string().min(1),
  /** 0 = any free port. */
  port: z.int().min(0).max(65535),
  secret: z.string().min(16),
  memory_bytes: z.int().positive(),
  mark_cache_bytes: z.int().positive(),
})
export type ChildOrder = z.infer<typeof ChildOrder>

/** The one line the child writes to stdout. Closing its stdin is the order to drain and exit. */
export const ChildReport = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('ready'), port: z.int(), version: z.string() }),
  z.strictObject({ event: z.literal('failed'), code: z.string().nullable(), message: z.string() }),
])
export type ChildReport = z.infer<typeof ChildReport>

/** The child's first argument, so that a person finds it in a process list. */
export const CHILD_TITLE = 'plimsoll-engine'
